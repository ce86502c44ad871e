import { ask, client } from '@/api/client'
import type { components } from '@/api/schema'

type Schemas = components['schemas']
export type ParameterSet = Schemas['SetBody']
export type Analysis = Schemas['AnalysisBody']
export type Proposed = Schemas['Proposed']

const of = (scriptId: string) => ({ params: { path: { script_id: scriptId } } })

export async function listSets(scriptId: string) {
  const { items } = await ask(client.GET('/api/v1/scripts/{script_id}/parameter-sets', of(scriptId)))
  return items
}

export function createSet(scriptId: string, set: { name: string; values: Record<string, unknown> }) {
  return ask(
    client.POST('/api/v1/scripts/{script_id}/parameter-sets', {
      ...of(scriptId),
      body: { ...set, description: '' },
    }),
  )
}

export function changeSet(scriptId: string, setId: string, values: Record<string, unknown>) {
  return ask(
    client.PATCH('/api/v1/scripts/{script_id}/parameter-sets/{set_id}', {
      params: { path: { script_id: scriptId, set_id: setId } },
      body: { values },
    }),
  )
}

export async function deleteSet(scriptId: string, setId: string): Promise<void> {
  await ask(
    client.DELETE('/api/v1/scripts/{script_id}/parameter-sets/{set_id}', {
      params: { path: { script_id: scriptId, set_id: setId } },
    }),
  )
}

/** What the code itself says of its parameters; nothing of it is run. */
export function analyse(body: Schemas['AnalysisRequest']): Promise<Analysis> {
  return ask(client.POST('/api/v1/scripts/analyse', { body }))
}
