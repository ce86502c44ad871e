import { ask, askAll, client } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

type Schemas = components['schemas']
export type Secret = Schemas['SecretBody']
export type Variable = Schemas['VariableBody']
export type Entry = Secret | Variable
export type Kind = 'secret' | 'variable'
export type Level = Entry['level']
export type Stages = Schemas['StagesBody']
export type Scrub = Schemas['Scrub']
export type SecretUse = Schemas['SecretUseBody']
export type ScriptUser = Schemas['ScriptUser']
export type Resolution = Schemas['Resolution']
export type Candidate = Schemas['Candidate']

export interface Asked {
  project: string
  stage?: string
  q?: string
}

/** What is sent for a new value. */
export interface NewEntry {
  name: string
  value: string
  description: string
  level: Level
  project: string
  script_id: string | null
  stage: string | null
}

/** What is different; what is left out stays. */
export interface EntryChange {
  value?: string
  description?: string
}

export function listEntries(kind: Kind, asked: Asked): Promise<Entry[]> {
  return kind === 'secret'
    ? askAll((page) => client.GET('/api/v1/secrets', { params: { query: { ...asked, ...page } } }))
    : askAll((page) => client.GET('/api/v1/variables', { params: { query: { ...asked, ...page } } }))
}

export async function createEntry(kind: Kind, body: NewEntry): Promise<Entry> {
  return kind === 'secret'
    ? ask(client.POST('/api/v1/secrets', { body }))
    : ask(client.POST('/api/v1/variables', { body }))
}

export async function changeEntry(kind: Kind, id: string, body: EntryChange): Promise<Entry> {
  return kind === 'secret'
    ? ask(client.PATCH('/api/v1/secrets/{secret_id}', { params: { path: { secret_id: id } }, body }))
    : ask(client.PATCH('/api/v1/variables/{variable_id}', { params: { path: { variable_id: id } }, body }))
}

export async function deleteEntry(kind: Kind, id: string): Promise<void> {
  // Whoever asks has been shown which scripts use it.
  const query = { force: true }
  await (kind === 'secret'
    ? ask(client.DELETE('/api/v1/secrets/{secret_id}', { params: { path: { secret_id: id }, query } }))
    : ask(client.DELETE('/api/v1/variables/{variable_id}', { params: { path: { variable_id: id }, query } })))
}

export function usersOf(kind: Kind, id: string): Promise<ScriptUser[]> {
  return askAll((query) =>
    kind === 'secret'
      ? client.GET('/api/v1/secrets/{secret_id}/scripts', { params: { path: { secret_id: id }, query } })
      : client.GET('/api/v1/variables/{variable_id}/scripts', {
          params: { path: { variable_id: id }, query },
        }),
  )
}

export const usesOf = (id: string, query: { cursor?: string }): Promise<Page<SecretUse>> =>
  ask(client.GET('/api/v1/secrets/{secret_id}/uses', { params: { path: { secret_id: id }, query } }))

/** What has secret parts that logs of the past may tell. */
export type Hidden = 'secret' | 'connection'
const at = (id: string) => ({ params: { path: { secret_id: id } } })
const to = (id: string) => ({ params: { path: { connection_id: id } } })

export async function scrubsOf(kind: Hidden, id: string): Promise<Scrub[]> {
  const answer =
    kind === 'secret'
      ? ask(client.GET('/api/v1/secrets/{secret_id}/scrubs', at(id)))
      : ask(client.GET('/api/v1/connections/{connection_id}/scrubs', to(id)))
  return (await answer).items
}

export const scrub = (kind: Hidden, id: string): Promise<Scrub> =>
  kind === 'secret'
    ? ask(client.POST('/api/v1/secrets/{secret_id}/scrub', at(id)))
    : ask(client.POST('/api/v1/connections/{connection_id}/scrub', to(id)))

export const stagesOf = (project: string): Promise<Stages> =>
  ask(client.GET('/api/v1/projects/{project}/stages', { params: { path: { project } } }))

export const setStages = (project: string, body: Stages): Promise<Stages> =>
  ask(client.PUT('/api/v1/projects/{project}/stages', { params: { path: { project } }, body }))

export const resolutionOf = (scriptId: string, stage: string | null): Promise<Resolution> =>
  ask(
    client.GET('/api/v1/scripts/{script_id}/variables', {
      params: { path: { script_id: scriptId }, query: stage === null ? {} : { stage } },
    }),
  )
