import { QueryClient } from '@tanstack/vue-query'
import { expect, it } from 'vitest'
import { keys } from '@/api/keys'
import type { Home, RunProgress } from '@/api/types'
import { keepProgress, patchHomeProgress } from './live'

const progress: RunProgress = { percent: 40, message: 'half', at: 'T' }
const home = (...ids: string[]) => ({ running: ids.map((id) => ({ id })), scripts: ids.length }) as Home

it('lays progress over the run it is of, and survives the next answer while the run goes on', () => {
  const queries = new QueryClient()
  queries.setQueryData(keys.home('default'), home('run_1', 'run_2'))
  patchHomeProgress(queries, 'run_2', progress)
  patchHomeProgress(queries, 'run_9', progress)
  const patched = queries.getQueryData<Home>(keys.home('default'))
  expect(patched?.running.map((run) => run.progress)).toEqual([undefined, progress])
  const next = keepProgress(patched, home('run_2', 'run_3'))
  expect(next.running).toEqual([{ id: 'run_2', progress }, { id: 'run_3' }])
  expect(keepProgress(next, home('run_3')).running).toEqual([{ id: 'run_3' }])
})
