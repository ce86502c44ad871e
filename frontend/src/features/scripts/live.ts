import type { InfiniteData, QueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import type { Page, RunHeadline, ScriptSummary } from '@/api/types'

/** Show a run's news as its script's last run, unless a later run is shown already. */
export function patchLastRun(queries: QueryClient, run: RunHeadline): void {
  if (!run.script_id) return
  const merge = (script: ScriptSummary): ScriptSummary => {
    if (script.id !== run.script_id) return script
    if (script.last_run && script.last_run.id !== run.id && script.last_run.queued_at > run.queued_at)
      return script
    const { id, state, queued_at, finished_at } = run
    return { ...script, last_run: { id, state, queued_at, finished_at } }
  }
  queries.setQueriesData<InfiniteData<Page<ScriptSummary>>>(
    { queryKey: keys.scripts.lists },
    (list) =>
      list && { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(merge) })) },
  )
}
