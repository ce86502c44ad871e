import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { keys } from '@/api/keys'
import { getCalendar } from '@/features/jobs/calendar/api'
import type { CalendarItem } from '@/features/jobs/calendar/types'
import { usePreferences } from '@/ui/state/preferences'

const HOUR_MS = 3_600_000
const REFRESH_MS = 60_000
const MOST_ASKED = 200
/** As many as fit on a line or two. */
const MOST = 8

/** When each job is to start next, the soonest first; what a blackout or a pause holds back is left out. */
export function upcoming(items: readonly CalendarItem[]): CalendarItem[] {
  const seen = new Set<string>()
  return items
    .filter((item) => item.kind === 'due' && item.outcome === null)
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .filter(({ job_id: job }) => !seen.has(job) && seen.add(job))
}

export function useComing() {
  const preferences = usePreferences()
  const query = useQuery({
    queryKey: computed(() => keys.jobs.calendar({ next: preferences.project })),
    queryFn: () => {
      const now = Date.now()
      return getCalendar({
        project: preferences.project,
        from: new Date(now).toISOString(),
        to: new Date(now + 24 * HOUR_MS).toISOString(),
        timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
        most: MOST_ASKED,
      })
    },
    refetchInterval: REFRESH_MS,
    retry: false,
  })
  const all = computed(() => upcoming(query.data.value?.items ?? []))
  return {
    isKnown: computed(() => query.data.value !== undefined),
    next: computed(() => all.value.slice(0, MOST)),
    more: computed(() => all.value.length - Math.min(all.value.length, MOST)),
    capped: computed(() => query.data.value?.capped ?? false),
  }
}
