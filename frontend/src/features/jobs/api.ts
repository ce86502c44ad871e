import { ask, client } from '@/api/client'
import { language } from '@/ui/i18n'
import type { JobBody } from './draft'
import type { Backfill, JobSort, JobState, Outcome, Spec, TriggerType } from './types'

export interface JobFilters {
  project: string
  q?: string
  state?: JobState
  target_id?: string
  trigger?: TriggerType
  label?: string[]
  sort: JobSort
}
export interface SlotFilters {
  outcome?: Outcome[]
  trigger_id?: string
}
/** Why, and until when; without an end until somebody resumes it. */
export interface PauseWish {
  why: string
  until: string | null
}
export type Which = { ids: string[] } | { project: string }

const of = (jobId: string) => ({ params: { path: { job_id: jobId } } })

export function listJobs(filters: JobFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/jobs', { params: { query } }))
}

export function getJob(jobId: string) {
  return ask(client.GET('/api/v1/jobs/{job_id}', of(jobId)))
}

export function createJob(project: string, body: JobBody) {
  return ask(client.POST('/api/v1/jobs', { body: { ...body, project } }))
}

export function changeJob(jobId: string, body: Partial<JobBody>, revision: number) {
  return ask(client.PATCH('/api/v1/jobs/{job_id}', { ...of(jobId), body: { ...body, revision } }))
}

export async function deleteJob(jobId: string): Promise<void> {
  await ask(client.DELETE('/api/v1/jobs/{job_id}', of(jobId)))
}

export function pauseJobs(which: Which, wish: PauseWish) {
  return ask(client.POST('/api/v1/jobs/pause', { body: { ...which, ...wish } }))
}

export function resumeJobs(which: Which) {
  return ask(client.POST('/api/v1/jobs/resume', { body: which }))
}

export async function listPauses(project: string) {
  return (await ask(client.GET('/api/v1/jobs/pauses', { params: { query: { project } } }))).items
}

/** `key` lets a request that is repeated start one run. */
export function runJob(jobId: string, key: string) {
  const params = { path: { job_id: jobId }, header: { 'idempotency-key': key } }
  return ask(client.POST('/api/v1/jobs/{job_id}/runs', { params, body: {} }))
}

export function runSlot(jobId: string, triggerId: string, dueAt: string) {
  return ask(
    client.POST('/api/v1/jobs/{job_id}/slots/run', {
      ...of(jobId),
      body: { trigger_id: triggerId, due_at: dueAt },
    }),
  )
}

export function backfill(jobId: string, wish: Backfill, dryRun: boolean) {
  return ask(
    client.POST('/api/v1/jobs/{job_id}/backfill', { ...of(jobId), body: { ...wish, dry_run: dryRun } }),
  )
}

export function listSlots(jobId: string, filters: SlotFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(
    client.GET('/api/v1/jobs/{job_id}/slots', {
      params: { path: { job_id: jobId }, query },
      headers: { 'accept-language': language.value },
    }),
  )
}

export function listChanges(jobId: string, cursor: string | null, limit = 30) {
  const query = { limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/jobs/{job_id}/changes', { params: { path: { job_id: jobId }, query } }))
}

export function previewTrigger(trigger: Spec, count = 10) {
  return ask(client.POST('/api/v1/triggers/preview', { body: { trigger, count } }))
}

export async function rotateSecret(triggerId: string): Promise<string> {
  const params = { path: { trigger_id: triggerId } }
  return (await ask(client.POST('/api/v1/triggers/secret/{trigger_id}/rotate', { params }))).secret
}

export async function listBlackouts(project: string) {
  return (await ask(client.GET('/api/v1/blackouts', { params: { query: { project } } }))).items
}
