import { QueryClient } from '@tanstack/vue-query'
import { describe, expect, it, vi } from 'vitest'
import { keys } from '@/api/keys'
import type { Run, RunNews, UsagePoint, UsageSeries } from '@/api/types'
import { patchRun, patchUsage } from './live'

const news = (over: Partial<RunNews>): RunNews => ({
  id: 'run_1',
  project: 'default',
  script_id: null,
  script_name: 'x',
  state: 'running',
  attempt: 1,
  at: '2026-01-01T00:00:10Z',
  ...over,
})

function make(run: Partial<Run>) {
  const queries = new QueryClient()
  const cached = {
    ...news({}),
    queued_at: '2026-01-01T00:00:00Z',
    started_at: null,
    finished_at: null,
    ...run,
  } as Run
  queries.setQueryData(keys.runs.one('run_1'), cached)
  queries.setQueryData(keys.runs.list({}), {
    pages: [{ items: [cached], next_cursor: null }],
    pageParams: [null],
  })
  return queries
}

const state = (queries: QueryClient) => queries.getQueryData<Run>(keys.runs.one('run_1'))?.state
const listed = (queries: QueryClient) =>
  queries.getQueryData<{ pages: { items: Run[] }[] }>(keys.runs.list({}))?.pages[0]?.items[0]?.state

describe('patchRun', () => {
  it('lays a new state over the run and the lists', () => {
    const queries = make({ state: 'queued' })
    patchRun(queries, news({ state: 'running' }))
    expect([state(queries), listed(queries)]).toEqual(['running', 'running'])
  })

  it('knows when it happened', () => {
    const queries = make({ state: 'running' })
    patchRun(queries, news({ state: 'failed' }))
    expect(queries.getQueryData<Run>(keys.runs.one('run_1'))?.finished_at).toBe('2026-01-01T00:00:10Z')
  })

  it.each<[string, Partial<Run>, Partial<RunNews>]>([
    [
      'news of an attempt that was replaced',
      { attempt: 2, state: 'queued' },
      { attempt: 1, state: 'failed' },
    ],
    ['a late state after the end', { state: 'succeeded' }, { state: 'running' }],
  ])('ignores %s', (_name, run, late) => {
    const queries = make(run)
    patchRun(queries, news(late))
    expect(state(queries)).toBe(run.state)
    expect(listed(queries)).toBe(run.state)
  })

  it('takes a new attempt after a final state', () => {
    const queries = make({ state: 'failed' })
    patchRun(queries, news({ attempt: 2, state: 'queued' }))
    expect(state(queries)).toBe('queued')
  })

  it('asks for the whole run when its state changed', () => {
    const queries = make({ state: 'running' })
    const invalidate = vi.spyOn(queries, 'invalidateQueries')
    patchRun(queries, news({ state: 'succeeded' }))
    expect(invalidate).toHaveBeenCalledWith({ queryKey: keys.runs.one('run_1') })
    expect(invalidate).toHaveBeenCalledWith({ queryKey: keys.runs.files('run_1') })
  })
})

describe('patchUsage', () => {
  const point = (at_s: number) => ({ at_s }) as UsagePoint
  const series = (over: Partial<UsageSeries> = {}) =>
    ({ complete: false, points: [point(1), point(2)], ...over }) as UsageSeries
  const times = (queries: QueryClient) =>
    queries.getQueryData<UsageSeries>(keys.runs.usage('run_1', 1))?.points.map((one) => one.at_s)

  it.each<[string, UsageSeries, number, number[]]>([
    ['lays a new point behind the others', series(), 3, [1, 2, 3]],
    ['begins an empty series', series({ points: [] }), 3, [3]],
    ['leaves out what is there already', series(), 2, [1, 2]],
    ['leaves a series that is complete', series({ complete: true }), 3, [1, 2]],
  ])('%s', (_name, before, at, after) => {
    const queries = new QueryClient()
    queries.setQueryData(keys.runs.usage('run_1', 1), before)
    patchUsage(queries, 'run_1', 1, point(at))
    expect(times(queries)).toEqual(after)
  })

  it('keeps nothing of runs that nobody looks at', () => {
    const queries = new QueryClient()
    patchUsage(queries, 'run_1', 1, point(1))
    expect(times(queries)).toBeUndefined()
  })
})
