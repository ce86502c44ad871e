import { ask, client } from '@/api/client'
import type { ScriptChange, ScriptDraft } from '@/api/types'

const of = (scriptId: string) => ({ params: { path: { script_id: scriptId } } })

export function getScript(scriptId: string) {
  return ask(client.GET('/api/v1/scripts/{script_id}', of(scriptId)))
}

export function createScript(script: ScriptDraft) {
  return ask(client.POST('/api/v1/scripts', { body: script }))
}

export function changeScript(scriptId: string, change: ScriptChange) {
  return ask(client.PATCH('/api/v1/scripts/{script_id}', { ...of(scriptId), body: change }))
}

export function listVersions(scriptId: string, cursor: string | null) {
  const query = { limit: 50, ...(cursor ? { cursor } : {}) }
  return ask(
    client.GET('/api/v1/scripts/{script_id}/versions', { params: { path: { script_id: scriptId }, query } }),
  )
}

export function getVersion(scriptId: string, number: number) {
  return ask(
    client.GET('/api/v1/scripts/{script_id}/versions/{number}', {
      params: { path: { script_id: scriptId, number } },
    }),
  )
}

export function rollBack(scriptId: string, version: number, baseVersion: number) {
  return ask(
    client.POST('/api/v1/scripts/{script_id}/rollback', {
      ...of(scriptId),
      body: { version, base_version: baseVersion },
    }),
  )
}

/** The newest run of a script, if it ever ran. */
export async function latestRun(scriptId: string) {
  const { items } = await ask(
    client.GET('/api/v1/runs/latest', { params: { query: { script_id: [scriptId] } } }),
  )
  return items[0] ?? null
}
