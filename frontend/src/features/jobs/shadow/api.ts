import { ask, client } from '@/api/client'
import type { Comparison, ShadowAsked } from './types'

const of = (jobId: string) => ({ params: { path: { job_id: jobId } } })

export async function compareShadow(jobId: string, asked: ShadowAsked): Promise<Comparison> {
  return (await ask(client.POST('/api/v1/jobs/{job_id}/shadow', { ...of(jobId), body: asked }))) as Comparison
}

export async function cutOver(jobId: string): Promise<void> {
  await ask(client.POST('/api/v1/jobs/{job_id}/cut-over', of(jobId)))
}
