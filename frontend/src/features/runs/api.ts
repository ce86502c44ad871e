import { ask, askRaw, client } from '@/api/client'
import type { Batch, RunState } from '@/api/types'

export interface RunFilters {
  project: string
  state?: RunState[]
  script_id?: string
  job_id?: string
  label?: string[]
  q?: string
  failure_id?: string
  since?: string
}

export interface FailureFilters {
  project: string
  script_id?: string
  q?: string
  since?: string
}

const of = (runId: string) => ({ params: { path: { run_id: runId } } })

export function listRuns(filters: RunFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/runs', { params: { query } }))
}

export function getRun(runId: string) {
  return ask(client.GET('/api/v1/runs/{run_id}', of(runId)))
}

export function cancelRun(runId: string) {
  return ask(client.POST('/api/v1/runs/{run_id}/cancel', of(runId)))
}

export function rerunRun(runId: string) {
  return ask(client.POST('/api/v1/runs/{run_id}/rerun', of(runId)))
}

export async function listEvents(runId: string) {
  const { items } = await ask(client.GET('/api/v1/runs/{run_id}/events', of(runId)))
  return items
}

export async function listAttempts(runId: string) {
  const { items } = await ask(client.GET('/api/v1/runs/{run_id}/attempts', of(runId)))
  return items
}

export async function listFiles(runId: string) {
  const { items } = await ask(client.GET('/api/v1/runs/{run_id}/files', of(runId)))
  return items
}

const TAIL = 200

/** The last lines of an attempt. */
export async function listTail(runId: string, attempt: number) {
  const params = { path: { run_id: runId }, query: { attempt, tail: TAIL } }
  const { items } = await ask(client.GET('/api/v1/runs/{run_id}/logs', { params }))
  return items
}

const filePath = (runId: string, path: string) =>
  `/api/v1/runs/${runId}/files/${path.split('/').map(encodeURIComponent).join('/')}`

export async function readFile(runId: string, path: string): Promise<Blob> {
  return (await askRaw(filePath(runId, path))).blob()
}

/** The beginning of a file, at most `limit` bytes of it. */
export async function readStart(runId: string, path: string, limit: number): Promise<Uint8Array> {
  const abort = new AbortController()
  const response = await askRaw(filePath(runId, path), { signal: abort.signal })
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  while (reader && size < limit) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    size += value.length
  }
  // The rest is not wanted.
  abort.abort()
  const whole = new Uint8Array(Math.min(size, limit))
  let at = 0
  for (const part of parts) {
    const piece = part.subarray(0, whole.length - at)
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

export async function readArchive(runId: string): Promise<Blob> {
  return (await askRaw(`/api/v1/runs/${runId}/archive`)).blob()
}

export async function readLogText(runId: string, attempt: number): Promise<Blob> {
  const headers = { accept: 'text/plain' }
  return (await askRaw(`/api/v1/runs/${runId}/logs?attempt=${String(attempt)}`, { headers })).blob()
}

export function getUsage(runId: string, attempt: number) {
  const params = { path: { run_id: runId }, query: { attempt } }
  return ask(client.GET('/api/v1/runs/{run_id}/usage', { params }))
}

export function listFailures(filters: FailureFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/failures', { params: { query } }))
}

export function getFailure(failureId: string) {
  return ask(client.GET('/api/v1/failures/{failure_id}', { params: { path: { failure_id: failureId } } }))
}

export function compareRuns(query: { a: string; b: string }) {
  return ask(client.GET('/api/v1/runs/compare', { params: { query } }))
}

export function previewBatch(body: Batch) {
  return ask(client.POST('/api/v1/runs/batch/preview', { body }))
}

export function runBatch(body: Batch) {
  return ask(client.POST('/api/v1/runs/batch', { body }))
}

/** Keep a run whatever the rules of retention say, or let it go the way of the others again. */
export function keepRun(runId: string, keep: boolean) {
  return keep
    ? ask(client.PUT('/api/v1/runs/{run_id}/keep', { ...of(runId), body: { note: '' } }))
    : ask(client.DELETE('/api/v1/runs/{run_id}/keep', of(runId)))
}

/** The files of a project's removed runs, newest month first. */
export async function listArchives(project: string) {
  const params = { path: { project } }
  return (await ask(client.GET('/api/v1/projects/{project}/run-archives', { params }))).items
}

export async function readRunArchive(project: string, name: string): Promise<Blob> {
  const path = [project, 'run-archives', name].map(encodeURIComponent).join('/')
  return (await askRaw(`/api/v1/projects/${path}`)).blob()
}
