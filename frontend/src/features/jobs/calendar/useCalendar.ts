import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { usePreferences } from '@/ui/state/preferences'
import { useUrlText } from '@/ui/state/urlFilters'
import { useJobs } from '../queries'
import { myZone } from '../zones'
import * as api from './api'
import { daysOf, startOf, stepped, stretchOf, VIEWS, type Day, type View } from './days'

/** What is to come comes nearer by itself: nothing tells the page of that. */
const REFRESH_MS = 30_000
const HOUR_MS = 3_600_000
/** How many days to come are looked at beside each view. */
const AHEAD: Record<View, number> = { day: 1, week: 7, month: 30 }

/** What is shown of the calendar, kept in the URL. */
export function useView() {
  const route = useRoute()
  const router = useRouter()
  const view = useUrlText('view')
  const day = useUrlText('on')
  const job = useUrlText('job')
  const shown = computed<View>(() => VIEWS.find((one) => one === view.value) ?? 'week')
  const on = computed(() => startOf(day.value))
  return {
    view: computed({
      get: () => shown.value,
      set: (next: View) => (view.value = next === 'week' ? '' : next),
    }),
    job,
    on,
    days: computed(() => daysOf(shown.value, on.value)),
    step: (by: -1 | 1) => (day.value = stepped(shown.value, on.value, by)),
    today: () => (day.value = ''),
    open: (to: Day) => router.replace({ query: { ...route.query, on: to, view: 'day' } }),
  }
}

export function useCalendar(days: Ref<readonly Day[]>, job: Ref<string>) {
  const preferences = usePreferences()
  const asked = computed(() => ({
    project: preferences.project,
    ...stretchOf(days.value),
    timezone: myZone(),
    ...(job.value ? { job_id: job.value } : {}),
  }))
  return useQuery({
    queryKey: computed(() => keys.jobs.calendar(asked.value)),
    queryFn: () => api.getCalendar(asked.value),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  })
}

/** How busy the hours to come will be, from this one on. */
export function useForecast(view: Ref<View>) {
  const preferences = usePreferences()
  const asked = computed(() => ({ project: preferences.project, days: AHEAD[view.value] }))
  return useQuery({
    queryKey: computed(() => keys.jobs.forecast(asked.value)),
    queryFn: () => {
      const begin = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
      return api.getForecast({
        project: asked.value.project,
        from: new Date(begin).toISOString(),
        to: new Date(begin + asked.value.days * 24 * HOUR_MS).toISOString(),
      })
    },
    placeholderData: keepPreviousData,
    refetchInterval: 10 * REFRESH_MS,
  })
}

/** Jobs to look at one of. */
export function useJobChoice() {
  const preferences = usePreferences()
  return useJobs(computed(() => ({ project: preferences.project, sort: 'name' as const }))).jobs
}
