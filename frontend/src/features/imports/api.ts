import { ask, askRaw, client } from '@/api/client'
import type { components } from '@/api/schema'

export type Preview = components['schemas']['runyard__scripts__transfer_routes__Preview']
export type Taken = components['schemas']['TakenScript']
export type SourceTaken = components['schemas']['SourceTaken']
export type SourceAddress = components['schemas']['SourceAddress']
export type NewSource = components['schemas']['NewSource']
export type OnConflict = 'refuse' | 'rename' | 'update' | 'skip'

export interface ImportOptions {
  project: string
  on_conflict: OnConflict
  name?: string
  entry?: string
  folder?: string
}

/** What a file holds; nothing is saved. */
export async function previewImport(file: File): Promise<Preview> {
  const body = new FormData()
  body.append('file', file, file.name)
  const answer = await askRaw('/api/v1/imports/preview', { method: 'POST', body })
  return (await answer.json()) as Preview
}

/** Import a file, all of it or nothing. */
export async function importScripts(file: File, options: ImportOptions): Promise<Taken[]> {
  const body = new FormData()
  body.append('file', file, file.name)
  body.append('payload', JSON.stringify(options))
  const answer = await askRaw('/api/v1/imports', { method: 'POST', body })
  return ((await answer.json()) as { items: Taken[] }).items
}

/** Import a path of a Git repository, or a Gist. */
export function importSource(body: NewSource): Promise<SourceTaken> {
  return ask(client.POST('/api/v1/imports/source', { body }))
}

/** Keep a script that is here already in step with a source. */
export function attachSource(scriptId: string, body: SourceAddress): Promise<SourceTaken> {
  const params = { path: { script_id: scriptId } }
  return ask(client.PUT('/api/v1/scripts/{script_id}/source', { params, body }))
}
