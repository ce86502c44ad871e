import { ask, client } from '@/api/client'
import type { EnvironmentState } from '@/api/types'

export interface EnvironmentFilters {
  state?: EnvironmentState[]
  kind?: 'python' | 'node'
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
