import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { liveState } from '@/api/live'
import type { Run } from '@/api/types'
import {
  compareRuns,
  getFailure,
  getRun,
  getUsage,
  listAttempts,
  listEvents,
  listFailures,
  listFiles,
  listRuns,
  type FailureFilters,
  type RunFilters,
} from './api'
import { isOver } from './states'

/** Runs of a filter, newest first, page after page. */
export function useRuns(filters: Ref<RunFilters>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.runs.list(filters.value)),
    queryFn: ({ pageParam }) => listRuns(filters.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  })
  const runs = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, runs }
}

const SETTLING_MS = 5000

/** One run. The socket brings its news; while it is under way it is asked now and then as well. */
export function useRun(runId: Ref<string | null>) {
  return useQuery({
    queryKey: computed(() => keys.runs.one(runId.value ?? '')),
    queryFn: () => getRun(runId.value ?? ''),
    enabled: computed(() => runId.value !== null),
    refetchInterval: (query) => {
      const run = query.state.data
      return run && !isOver(run.state) ? SETTLING_MS : false
    },
  })
}

export function useRunEvents(runId: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.runs.events(runId.value)),
    queryFn: async () => {
      const [events, attempts] = await Promise.all([listEvents(runId.value), listAttempts(runId.value)])
      return { events, attempts }
    },
  })
}

export function useRunFiles(runId: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.runs.files(runId.value)),
    queryFn: () => listFiles(runId.value),
  })
}

// Points come over the live socket; asked again now and then since those of a long run are drawn together.
const SAMPLING_MS = 30_000
const SAMPLING_ALONE_MS = 3000

/** What an attempt used over time, as it goes on. */
export function useRunUsage(which: Ref<{ run: Run; attempt: number }>) {
  return useQuery({
    queryKey: computed(() => keys.runs.usage(which.value.run.id, which.value.attempt)),
    queryFn: () => getUsage(which.value.run.id, which.value.attempt),
    refetchInterval: (query) => {
      if (query.state.data?.complete) return false
      return liveState.value === 'live' ? SAMPLING_MS : SAMPLING_ALONE_MS
    },
  })
}

/** Groups of failures, those seen last first. */
export function useFailures(filters: Ref<FailureFilters>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.runs.failures(filters.value)),
    queryFn: ({ pageParam }) => listFailures(filters.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  })
  const failures = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, failures }
}

export function useFailure(failureId: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.runs.failure(failureId.value)),
    queryFn: () => getFailure(failureId.value),
  })
}

export function useComparison(both: Ref<{ a: string; b: string } | null>) {
  return useQuery({
    queryKey: computed(() => keys.runs.compared(both.value ?? {})),
    queryFn: () => compareRuns(both.value ?? { a: '', b: '' }),
    enabled: computed(() => both.value !== null),
  })
}
