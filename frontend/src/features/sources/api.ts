import { ask, askRaw, client } from '@/api/client'
import type { components } from '@/api/schema'

export type Source = components['schemas']['SourceBody']

const of = (scriptId: string) => ({ params: { path: { script_id: scriptId } } })

/** What a script is kept in step with; null for a script that is only here. */
export async function getSource(scriptId: string): Promise<Source | null> {
  const answer = await client.GET('/api/v1/scripts/{script_id}/source', of(scriptId))
  // `ask` promises something, and here nothing is an answer.
  return answer.response.ok ? (answer.data ?? null) : ask(Promise.resolve(answer))
}

export function syncSource(scriptId: string): Promise<Source> {
  return ask(client.POST('/api/v1/scripts/{script_id}/source/sync', of(scriptId)))
}

export async function dropSource(scriptId: string): Promise<void> {
  await ask(client.DELETE('/api/v1/scripts/{script_id}/source', of(scriptId)))
}

/** A file of a script with several, as one version has it. */
export async function readScriptFile(scriptId: string, version: number, path: string): Promise<Blob> {
  const inside = path.split('/').map(encodeURIComponent).join('/')
  const answer = await askRaw(`/api/v1/scripts/${scriptId}/versions/${String(version)}/files/${inside}`)
  return answer.blob()
}
