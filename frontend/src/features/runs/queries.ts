import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { getRun, listAttempts, listEvents, listFiles, listRuns, type RunFilters } from './api'
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
