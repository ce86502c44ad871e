import type { QueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import type { Home, RunProgress } from '@/api/types'

/** Show how far a run says it is on the first page. */
export function patchHomeProgress(queries: QueryClient, runId: string, progress: RunProgress): void {
  queries.setQueriesData<Home>({ queryKey: keys.homes }, (home) => {
    if (!home?.running.some((run) => run.id === runId)) return home
    return { ...home, running: home.running.map((run) => (run.id === runId ? { ...run, progress } : run)) }
  })
}

/** The newer answer, with the progress of runs that still go on: answers do not carry it, only the socket does. */
export function keepProgress(before: Home | undefined, after: Home): Home {
  const known = new Map(before?.running.map((run) => [run.id, run.progress]))
  const running = after.running.map((run) => {
    const progress = run.progress ?? known.get(run.id)
    return progress ? { ...run, progress } : run
  })
  return { ...after, running }
}
