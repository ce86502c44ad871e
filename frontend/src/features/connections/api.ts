import { ask, askAll, client } from '@/api/client'
import type { components } from '@/api/schema'
import type { Page } from '@/api/types'

type Schemas = components['schemas']
export type Connection = Schemas['ConnectionBody']
export type ConnectionKind = Schemas['KindBody']
export type Seen = Schemas['Seen']
export type Check = Schemas['Check']
export type ConnectionUser = Schemas['ScriptUser']
export type ConnectionUse = Schemas['SecretUseBody']
type Settings = Schemas['NewConnection']['settings']
/** What a form holds: of which kind, and its fields. */
export type Filled = Record<string, unknown>

const at = (id: string) => ({ params: { path: { connection_id: id } } })
/** The form is made from the schema that the server checks with. */
const settingsOf = (filled: Filled) => filled as unknown as Settings

export const listConnections = (project: string): Promise<Connection[]> =>
  askAll((page) => client.GET('/api/v1/connections', { params: { query: { project, ...page } } }))

export const listKinds = async (): Promise<ConnectionKind[]> =>
  (await ask(client.GET('/api/v1/connections/kinds'))).items

export interface NewConnection {
  name: string
  description: string
  level: Connection['level']
  project: string
  script_id: string | null
  stage: string | null
}

export const createConnection = (body: NewConnection, filled: Filled): Promise<Connection> =>
  ask(client.POST('/api/v1/connections', { body: { ...body, settings: settingsOf(filled) } }))

export const changeConnection = (id: string, description: string, filled: Filled): Promise<Connection> =>
  ask(
    client.PATCH('/api/v1/connections/{connection_id}', {
      ...at(id),
      body: { description, settings: settingsOf(filled) },
    }),
  )

/** Whoever asks has been shown which scripts use it. */
export const deleteConnection = (id: string): Promise<unknown> =>
  ask(
    client.DELETE('/api/v1/connections/{connection_id}', {
      params: { path: { connection_id: id }, query: { force: true } },
    }),
  )

export const testConnection = (id: string): Promise<Check> =>
  ask(client.POST('/api/v1/connections/{connection_id}/test', at(id)))

/** Tries settings that are not kept yet; secrets that are left out are those of the connection that is changed. */
export const tryConnection = (project: string, filled: Filled, id: string | null): Promise<Seen> =>
  ask(
    client.POST('/api/v1/connections/test', {
      body: { project, settings: settingsOf(filled), connection_id: id },
    }),
  )

export const usersOf = (id: string): Promise<ConnectionUser[]> =>
  askAll((query) =>
    client.GET('/api/v1/connections/{connection_id}/scripts', {
      params: { path: { connection_id: id }, query },
    }),
  )

export const usesOf = (id: string, query: { cursor?: string }): Promise<Page<ConnectionUse>> =>
  ask(
    client.GET('/api/v1/connections/{connection_id}/uses', {
      params: { path: { connection_id: id }, query },
    }),
  )
