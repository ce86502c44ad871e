import type { QueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import type { Page, Run, RunHeadline, RunSummary } from '@/api/types'

interface Pages {
  pages: Page<RunSummary>[]
}

/** Lay what the live socket says of a run over every cached copy; lists that lack it are asked again. */
export function patchRun(queries: QueryClient, headline: RunHeadline): void {
  const merge = <R extends RunSummary>(run: R): R => (run.id === headline.id ? { ...run, ...headline } : run)
  queries.setQueryData<Run>(keys.runs.one(headline.id), (run) => (run ? merge(run) : run))
  let seen = false
  queries.setQueriesData<Pages>({ queryKey: keys.runs.lists }, (list) => {
    if (!list?.pages) return list
    seen ||= list.pages.some((page) => page.items.some((run) => run.id === headline.id))
    return { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(merge) })) }
  })
  if (!seen) void queries.invalidateQueries({ queryKey: keys.runs.lists })
}
