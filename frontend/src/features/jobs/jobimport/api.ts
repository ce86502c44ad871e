import { ask, client } from '@/api/client'
import type { ImportAnswer, ImportWish } from './types'

/** What an import makes; with `entries` it is made, all of them or none. */
export async function importJobs(wish: ImportWish, entries: number[] | null): Promise<ImportAnswer> {
  const body = { ...wish, apply: entries !== null, ...(entries ? { entries } : {}) }
  return (await ask(client.POST('/api/v1/jobs/import', { body: body as never }))) as ImportAnswer
}
