import { ask, askRaw, client } from '@/api/client'
import type { Page } from '@/api/types'
import { language } from '@/ui/i18n'
import type { JobBody } from './draft'
import type {
  Backfill,
  BackfillPlan,
  Job,
  JobChange,
  JobSort,
  JobState,
  Outcome,
  Preview,
  SavedJob,
  Slot,
  Spec,
  TimeSpec,
  TriggerType,
} from './types'

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

/** A request in JSON whose answer is told apart by hand. */
async function json<T>(path: string, body: object, headers: object = {}): Promise<T> {
  const response = await askRaw(`/api/v1${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as T
}

export function listJobs(filters: JobFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/jobs', { params: { query } })) as Promise<Page<Job>>
}

export function getJob(jobId: string) {
  return ask(client.GET('/api/v1/jobs/{job_id}', of(jobId))) as Promise<Job>
}

export function createJob(project: string, body: JobBody) {
  return ask(client.POST('/api/v1/jobs', { body: { ...body, project } as never })) as Promise<SavedJob>
}

export function changeJob(jobId: string, body: Partial<JobBody>, revision: number) {
  return ask(
    client.PATCH('/api/v1/jobs/{job_id}', { ...of(jobId), body: { ...body, revision } as never }),
  ) as Promise<SavedJob>
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
  return json<{ id: string }>(`/jobs/${jobId}/runs`, {}, { 'idempotency-key': key })
}

export function runSlot(jobId: string, triggerId: string, dueAt: string) {
  return json<{ id: string }>(`/jobs/${jobId}/slots/run`, { trigger_id: triggerId, due_at: dueAt })
}

export function planBackfill(jobId: string, wish: Backfill) {
  return json<BackfillPlan>(`/jobs/${jobId}/backfill`, { ...wish, dry_run: true })
}

export function startBackfill(jobId: string, wish: Backfill) {
  return json<{ count: number }>(`/jobs/${jobId}/backfill`, { ...wish, dry_run: false })
}

/** Reasons come in the language that is asked for. */
export function listSlots(jobId: string, filters: SlotFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  const header = { 'Accept-Language': language.value }
  const params = { path: { job_id: jobId }, query, header }
  return ask(client.GET('/api/v1/jobs/{job_id}/slots', { params })) as Promise<Page<Slot>>
}

export function listChanges(jobId: string, cursor: string | null, limit = 30) {
  const query = { limit, ...(cursor ? { cursor } : {}) }
  return ask(
    client.GET('/api/v1/jobs/{job_id}/changes', { params: { path: { job_id: jobId }, query } }),
  ) as Promise<Page<JobChange>>
}

export function previewTrigger(trigger: Spec, count = 10) {
  return ask(
    client.POST('/api/v1/triggers/preview', { body: { trigger: trigger as TimeSpec, count } }),
  ) as Promise<Preview>
}

export async function rotateSecret(triggerId: string): Promise<string> {
  const params = { path: { trigger_id: triggerId } }
  return (await ask(client.POST('/api/v1/triggers/secret/{trigger_id}/rotate', { params }))).secret
}

const MOST = 500

export async function listBlackouts(project: string) {
  return (await ask(client.GET('/api/v1/blackouts', { params: { query: { project, limit: MOST } } }))).items
}

/** Jobs with their triggers and blackout calendars, as YAML; no secret is in it. */
export async function exportJobs(project: string, jobIds: readonly string[]): Promise<Blob> {
  const query = new URLSearchParams({ project })
  for (const id of jobIds) query.append('job_id', id)
  return (await askRaw(`/api/v1/jobs/export?${query.toString()}`)).blob()
}
