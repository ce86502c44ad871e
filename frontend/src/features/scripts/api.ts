import { ask, askAll, askRaw, client } from '@/api/client'
import type { Language, RunState, ScriptKind } from '@/api/types'

export type ScriptSort = 'updated' | 'name' | 'position'

export interface ScriptFilters {
  project: string
  q?: string
  language?: Language
  tag?: string[]
  folder?: string
  category?: string
  starred?: boolean
  kind?: ScriptKind
  sort: ScriptSort
}

export function listScripts(filters: ScriptFilters, cursor: string | null, limit = 50) {
  return ask(
    client.GET('/api/v1/scripts', {
      params: { query: { ...filters, limit, ...(cursor ? { cursor } : {}) } },
    }),
  )
}

export function listTags(project: string) {
  return askAll((page) => client.GET('/api/v1/tags', { params: { query: { project, ...page } } }))
}

export function copyScript(scriptId: string) {
  return ask(
    client.POST('/api/v1/scripts/{script_id}/copy', {
      params: { path: { script_id: scriptId } },
      body: {},
    }),
  )
}

export async function deleteScript(scriptId: string): Promise<void> {
  await ask(client.DELETE('/api/v1/scripts/{script_id}', { params: { path: { script_id: scriptId } } }))
}

export function restoreScript(scriptId: string) {
  return ask(
    client.POST('/api/v1/scripts/{script_id}/restore', { params: { path: { script_id: scriptId } } }),
  )
}

/** Run a saved script with its defaults. Refused (422) when a required parameter has none. */
export function runScript(scriptId: string): Promise<{ id: string; state: RunState }> {
  return ask(
    client.POST('/api/v1/scripts/{script_id}/runs', {
      params: { path: { script_id: scriptId } },
      body: {},
    }),
  )
}

export function listFolders(project: string) {
  return askAll((page) => client.GET('/api/v1/folders', { params: { query: { project, ...page } } }))
}

export function listCategories(project: string) {
  return askAll((page) => client.GET('/api/v1/categories', { params: { query: { project, ...page } } }))
}

export async function starScript(scriptId: string, on: boolean): Promise<void> {
  const params = { path: { script_id: scriptId } }
  await ask(
    on
      ? client.POST('/api/v1/scripts/{script_id}/star', { params })
      : client.DELETE('/api/v1/scripts/{script_id}/star', { params }),
  )
}

/** Scripts with all their files as folders in a zip. */
export async function exportScripts(project: string, scriptIds: readonly string[]): Promise<Blob> {
  const query = new URLSearchParams({ project, format: 'zip' })
  for (const id of scriptIds) query.append('script_id', id)
  return (await askRaw(`/api/v1/scripts/export?${query.toString()}`)).blob()
}
