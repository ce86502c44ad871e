import { ask, askAll, askRaw, client } from '@/api/client'
import type { components } from '@/api/schema'
import type { EnvironmentKind, EnvironmentState, EnvironmentSummary } from '@/api/types'

export interface EnvironmentFilters {
  state?: EnvironmentState[]
  kind?: EnvironmentKind
  package?: string
}

const of = (environmentId: string) => ({ params: { path: { environment_id: environmentId } } })

export function listEnvironments(filters: EnvironmentFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/environments', { params: { query } }))
}

export function getEnvironment(environmentId: string) {
  return ask(client.GET('/api/v1/environments/{environment_id}', of(environmentId)))
}

export function cancelBuild(environmentId: string) {
  return ask(client.POST('/api/v1/environments/{environment_id}/cancel', of(environmentId)))
}

export function rebuildEnvironment(environmentId: string) {
  return ask(client.POST('/api/v1/environments/{environment_id}/rebuild', of(environmentId)))
}

export async function deleteEnvironment(environmentId: string): Promise<void> {
  await ask(client.DELETE('/api/v1/environments/{environment_id}', of(environmentId)))
}

export function cleanUp(unusedDays: number) {
  return ask(client.POST('/api/v1/environments/cleanup', { body: { unused_days: unusedDays } }))
}

export type Trial = components['schemas']['TrialBody']
export type PackageChange = components['schemas']['PackageChange']

export function getTrial(environmentId: string): Promise<Trial> {
  return ask(client.GET('/api/v1/environments/{environment_id}/trial', of(environmentId)))
}

export function beginTrial(environmentId: string): Promise<Trial> {
  return ask(client.POST('/api/v1/environments/{environment_id}/trial', of(environmentId)))
}

export function keepTrial(environmentId: string) {
  return ask(client.POST('/api/v1/environments/{environment_id}/trial/keep', of(environmentId)))
}

export async function dropTrial(environmentId: string): Promise<void> {
  await ask(client.DELETE('/api/v1/environments/{environment_id}/trial', of(environmentId)))
}

/** An environment as one file. */
export async function exportEnvironment(environmentId: string): Promise<Blob> {
  return (await askRaw(`/api/v1/environments/${encodeURIComponent(environmentId)}/export`)).blob()
}

export async function importEnvironment(file: File): Promise<EnvironmentSummary> {
  const body = new FormData()
  body.set('file', file, file.name)
  const response = await askRaw('/api/v1/environments/import', { method: 'POST', body })
  return (await response.json()) as EnvironmentSummary
}

export function listPackages(q: string, cursor: string | null, limit = 100) {
  const query = { limit, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/packages', { params: { query } }))
}

export function listPackageUsers(asked: { name: string; kind: EnvironmentKind }) {
  return askAll((page) => client.GET('/api/v1/packages/users', { params: { query: { ...asked, ...page } } }))
}

export function getAdvisoryStatus() {
  return ask(client.GET('/api/v1/advisories'))
}

export type AdvisoriesTaken = components['schemas']['AdvisoryImportAnswer']

export async function importAdvisories(file: File): Promise<AdvisoriesTaken> {
  const body = new FormData()
  body.set('file', file, file.name)
  const response = await askRaw('/api/v1/advisories/import', { method: 'POST', body })
  return (await response.json()) as AdvisoriesTaken
}

export function refreshAdvisories(): Promise<AdvisoriesTaken> {
  return ask(client.POST('/api/v1/advisories/refresh'))
}
