import { QueryClient } from '@tanstack/vue-query'
import { expect, it } from 'vitest'
import { keys } from '@/api/keys'
import type { LastRuns } from './lastRuns'
import { patchLastRun } from './live'

const news = { project: 'default', script_name: 'x', attempt: 1, state: 'running', at: 'T2' } as const
const first = keys.scripts.lastRunsOf(['scr_a', 'scr_b'])
const second = keys.scripts.lastRunsOf(['scr_c'])

function cached(known: LastRuns) {
  const queries = new QueryClient()
  queries.setQueryData(first, known)
  queries.setQueryData(second, {})
  return queries
}

it('shows a newer run, also of a script that never ran', () => {
  const queries = cached({ scr_a: { id: 'run_1', state: 'failed', at: 'T1' } })
  patchLastRun(queries, { ...news, id: 'run_2', script_id: 'scr_a' })
  patchLastRun(queries, { ...news, id: 'run_3', script_id: 'scr_b' })
  expect(queries.getQueryData(first)).toEqual({
    scr_a: { id: 'run_2', state: 'running', at: 'T2' },
    scr_b: { id: 'run_3', state: 'running', at: 'T2' },
  })
  expect(queries.getQueryData(second)).toEqual({})
})

it('ignores an older run, and a draft that belongs to no script', () => {
  const known: LastRuns = { scr_a: { id: 'run_5', state: 'failed', at: 'T1' } }
  const queries = cached(known)
  patchLastRun(queries, { ...news, id: 'run_4', script_id: 'scr_a' })
  patchLastRun(queries, { ...news, id: 'run_6', script_id: null })
  expect(queries.getQueryData(first)).toEqual(known)
})
