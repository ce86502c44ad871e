import type { QueryClient } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { keys } from '@/api/keys'
import type { Page, Run, RunNews, RunProgress, RunSummary, UsagePoint, UsageSeries } from '@/api/types'
import { isOver } from './states'

interface Pages {
  pages: Page<RunSummary>[]
}

const GAP_MS = 1500

// A burst of runs must not have the lists asked for again for each of them.
const refreshLists = useThrottleFn(
  (queries: QueryClient) => queries.invalidateQueries({ queryKey: keys.runs.lists }),
  GAP_MS,
  true,
)

/**
 * Lay what the live socket says of a run over every cached copy. Lists are asked again when a run came or changed
 * its state (it may have left a filtered list, and those that wait have moved up); so is a run that is shown whole.
 */
export function patchRun(queries: QueryClient, news: RunNews): void {
  const before = queries.getQueryData<Run>(keys.runs.one(news.id))
  if (before && isStale(before, news)) return
  const merge = <R extends RunSummary>(run: R): R =>
    run.id === news.id && !isStale(run, news) ? { ...run, ...factsOf(run, news) } : run
  queries.setQueryData<Run>(keys.runs.one(news.id), (run) => (run ? merge(run) : run))
  let known: RunSummary | undefined
  queries.setQueriesData<Pages>({ queryKey: keys.runs.lists }, (list) => {
    if (!list?.pages) return list
    known ??= list.pages.flatMap((page) => page.items).find((run) => run.id === news.id)
    return { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(merge) })) }
  })
  if (known?.state !== news.state) void refreshLists(queries)
  if (before && before.state !== news.state) {
    void queries.invalidateQueries({ queryKey: keys.runs.one(news.id) })
    void queries.invalidateQueries({ queryKey: keys.runs.events(news.id) })
    void queries.invalidateQueries({ queryKey: keys.runs.usage(news.id, before.attempt) })
    if (isOver(news.state)) void queries.invalidateQueries({ queryKey: keys.runs.files(news.id) })
  }
}

/** How far a run says it is. */
export function patchProgress(queries: QueryClient, runId: string, progress: RunProgress): void {
  queries.setQueryData<Run>(keys.runs.one(runId), (run) => run && { ...run, progress })
  queries.setQueriesData<Pages>({ queryKey: keys.runs.lists }, (list) => {
    if (!list?.pages.some((page) => page.items.some((run) => run.id === runId))) return list
    const merge = (run: RunSummary) => (run.id === runId ? { ...run, progress } : run)
    return { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(merge) })) }
  })
}

/** One more point of what an attempt uses, for those who look at it. */
export function patchUsage(queries: QueryClient, runId: string, attempt: number, point: UsagePoint): void {
  queries.setQueryData<UsageSeries>(keys.runs.usage(runId, attempt), (series) => {
    const last = series?.points.at(-1)
    // What was asked for meanwhile may hold the point already.
    if (!series || series.complete || (last && last.at_s >= point.at_s)) return series
    return { ...series, points: [...series.points, point] }
  })
}

/** What the news say of a run; its times follow from when the state changed. */
function factsOf(run: RunSummary, { state, attempt, at }: RunNews): Partial<RunSummary> {
  return {
    state,
    attempt,
    ...(state === 'running' && at ? { started_at: at } : {}),
    ...(isOver(state) && at ? { finished_at: at } : {}),
    ...(state === 'queued'
      ? { started_at: null, finished_at: null }
      : { waiting_for: state === 'starting' ? run.waiting_for : null }),
  }
}

/** News that is older than what is known: an attempt that was replaced, or a state after the final one. */
function isStale(run: RunSummary, news: RunNews): boolean {
  if (news.attempt !== run.attempt) return news.attempt < run.attempt
  return isOver(run.state) && !isOver(news.state)
}
