import { keepPreviousData, replaceEqualDeep, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { Home, RunState } from '@/api/types'
import { usePreferences } from '@/ui/state/preferences'
import { keepProgress } from './live'

/** Machine figures have no news of their own, so the page asks at this pace; runs arrive by the live socket. */
const REFRESH_MS = 10_000

export function useHome() {
  const preferences = usePreferences()
  return useQuery({
    queryKey: computed(() => keys.home(preferences.project)),
    queryFn: () => ask(client.GET('/api/v1/home', { params: { query: { project: preferences.project } } })),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
    structuralSharing: (before, after) =>
      replaceEqualDeep(before, keepProgress(before as Home | undefined, after as Home)),
  })
}

/** The order in which states are told: what needs eyes first. */
const ORDER: readonly RunState[] = [
  'failed',
  'timed_out',
  'lost',
  'running',
  'starting',
  'queued',
  'succeeded',
  'cancelled',
]

/** Today's runs by state, those that occur, in the order of `ORDER`. */
export function byState(today: Home['runs_today']): { state: RunState; count: number }[] {
  return ORDER.map((state) => ({ state, count: today[state] ?? 0 })).filter(({ count }) => count > 0)
}

export interface Bar {
  hour: string
  x: number
  /** Heights and tops in units of the drawing, bottom to top: succeeded, other, failed. */
  parts: { kind: 'succeeded' | 'other' | 'failed'; y: number; height: number }[]
  total: number
}

/** The hours as stacked bars in a drawing `height` high, one unit of width each. An hour with runs is always visible. */
export function bars(hours: Home['hours'], height: number): Bar[] {
  const most = Math.max(1, ...hours.map((hour) => hour.succeeded + hour.failed + hour.other))
  return hours.map((hour, x) => {
    let top = height
    const parts = (['succeeded', 'other', 'failed'] as const)
      .filter((kind) => hour[kind] > 0)
      .map((kind) => {
        const tall = Math.max(1.5, (hour[kind] / most) * height)
        top -= tall
        return { kind, y: Math.max(0, top), height: tall }
      })
    return { hour: hour.hour, x, parts, total: hour.succeeded + hour.failed + hour.other }
  })
}

/** Percentage points between two rates, or null when one is unknown. */
export function change(now: number | null, before: number | null): number | null {
  return now === null || before === null ? null : (now - before) * 100
}
