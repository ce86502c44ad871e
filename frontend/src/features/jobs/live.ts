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

/** A job was saved, paused, resumed or deleted; without an id, all of a project, or one of its calendars. */
export function refreshJob(queries: QueryClient, id: string | null): void {
  void refreshLists(queries)
  if (id === null) {
    void queries.invalidateQueries({ queryKey: keys.jobs.ones })
    void queries.invalidateQueries({ queryKey: keys.jobs.allCalendars })
    return
  }
  void queries.invalidateQueries({ queryKey: keys.jobs.one(id) })
  void queries.invalidateQueries({ queryKey: keys.jobs.changes(id) })
}

/** What was due of these jobs stands in their ledgers now; none is named where they are many. */
export function refreshSlots(queries: QueryClient, ids: string[]): void {
  void refreshLists(queries)
  for (const id of ids) {
    void queries.invalidateQueries({ queryKey: keys.jobs.slotsOf(id) })
    void queries.invalidateQueries({ queryKey: keys.jobs.one(id) })
  }
  if (ids.length > 0) return
  void queries.invalidateQueries({ queryKey: keys.jobs.allSlots })
  void queries.invalidateQueries({ queryKey: keys.jobs.ones })
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
