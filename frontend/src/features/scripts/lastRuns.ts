import { useQueries } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { Page, RunState, ScriptSummary } from '@/api/types'

/** The newest run of a script: `at` is when it ended, or was queued while it goes on. */
export interface LastRun {
  id: string
  state: RunState
  at: string
}
export type LastRuns = Record<string, LastRun>

async function fetchLastRuns(scriptIds: string[]): Promise<LastRuns> {
  const { items } = await ask(
    client.GET('/api/v1/runs/latest', { params: { query: { script_id: scriptIds } } }),
  )
  const known: LastRuns = {}
  for (const run of items) {
    if (run.script_id)
      known[run.script_id] = { id: run.id, state: run.state, at: run.finished_at ?? run.queued_at }
  }
  return known
}

/** Newest runs of the scripts shown, one request for each page of them once it is time; null until they are known. */
export function useLastRuns(
  pages: Ref<readonly Page<ScriptSummary>[]>,
  due: Ref<boolean>,
): Ref<LastRuns | null> {
  const results = useQueries({
    queries: computed(() =>
      (due.value ? pages.value : [])
        .map((page) => page.items.map((script) => script.id))
        .filter((ids) => ids.length > 0)
        .map((ids) => ({
          queryKey: keys.scripts.lastRunsOf(ids),
          queryFn: () => fetchLastRuns(ids),
          staleTime: 30_000,
        })),
    ),
  })
  return computed(() => {
    const known = results.value.filter((result) => result.data)
    if (!due.value || (known.length === 0 && results.value.length > 0)) return null
    return Object.assign({}, ...known.map((result) => result.data)) as LastRuns
  })
}
