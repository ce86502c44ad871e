import type { QueryClient } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { keys } from '@/api/keys'

const GAP_MS = 1500

// A minute's turn decides slots of hundreds of jobs: the list is asked for again once.
const refreshLists = useThrottleFn(
  (queries: QueryClient) =>
    Promise.all([
      queries.invalidateQueries({ queryKey: keys.jobs.lists }),
      queries.invalidateQueries({ queryKey: keys.jobs.allPauses }),
      queries.invalidateQueries({ queryKey: keys.jobs.allCalendar }),
    ]),
  GAP_MS,
  true,
)

/** A job was saved, paused, resumed or deleted. */
export function refreshJob(queries: QueryClient, id: string): void {
  void refreshLists(queries)
  void queries.invalidateQueries({ queryKey: keys.jobs.one(id) })
  void queries.invalidateQueries({ queryKey: keys.jobs.changes(id) })
}

/** What was due of a job stands in its ledger now; without a job, of some jobs. */
export function refreshSlots(queries: QueryClient, id: string | undefined): void {
  void refreshLists(queries)
  void queries.invalidateQueries({ queryKey: id ? keys.jobs.slotsOf(id) : keys.jobs.allSlots })
  void queries.invalidateQueries({ queryKey: id ? keys.jobs.one(id) : keys.jobs.ones })
}

const refreshResults = useThrottleFn(
  (queries: QueryClient) =>
    Promise.all([
      queries.invalidateQueries({ queryKey: keys.jobs.lists }),
      queries.invalidateQueries({ queryKey: keys.jobs.ones }),
      queries.invalidateQueries({ queryKey: keys.jobs.allSlots }),
      queries.invalidateQueries({ queryKey: keys.jobs.allCalendar }),
    ]),
  2 * GAP_MS,
  true,
)

/** A run changed its state: it may be the last result of a job that is shown. */
export function refreshJobResults(queries: QueryClient): void {
  void refreshResults(queries)
}
