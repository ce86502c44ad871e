import { ask, client } from '@/api/client'
import type { Blackout, BlackoutDraft } from './types'

const of = (id: string) => ({ params: { path: { blackout_id: id } } })

export async function listBlackouts(project: string): Promise<Blackout[]> {
  return (await ask(client.GET('/api/v1/blackouts', { params: { query: { project } } }))).items as Blackout[]
}

export async function createBlackout(project: string, draft: BlackoutDraft): Promise<void> {
  await ask(client.POST('/api/v1/blackouts', { body: { ...draft, project } }))
}

export async function changeBlackout({ id, revision }: Blackout, draft: BlackoutDraft): Promise<void> {
  await ask(client.PATCH('/api/v1/blackouts/{blackout_id}', { ...of(id), body: { ...draft, revision } }))
}

export async function deleteBlackout(id: string): Promise<void> {
  await ask(client.DELETE('/api/v1/blackouts/{blackout_id}', of(id)))
}
