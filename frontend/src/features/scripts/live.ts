import type { QueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import type { RunNews } from '@/api/types'
import type { LastRuns } from './lastRuns'

/** Show a run's news as its script's last run, unless a later run is shown already (run ids sort by time). */
export function patchLastRun(queries: QueryClient, news: RunNews): void {
  const { script_id: scriptId, id, state } = news
  if (!scriptId) return
  const at = news.at ?? new Date().toISOString()
  for (const [key, known] of queries.getQueriesData<LastRuns>({ queryKey: keys.scripts.lastRuns })) {
    const asked = key.at(-1)
    if (!known || !Array.isArray(asked) || !asked.includes(scriptId)) continue
    const before = known[scriptId]
    if (before && before.id > id) continue
    queries.setQueryData<LastRuns>(key, { ...known, [scriptId]: { id, state, at } })
  }
}
