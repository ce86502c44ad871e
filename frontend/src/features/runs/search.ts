import { ask, client } from '@/api/client'

/** Newest runs whose script name or id matches; for the palette. */
export async function searchRuns(project: string, q: string, limit: number) {
  const { items } = await ask(client.GET('/api/v1/runs', { params: { query: { project, q, limit } } }))
  return items
}
