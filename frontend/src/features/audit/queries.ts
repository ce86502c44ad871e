import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { listActions, listAlerts, listAudit, verifyAudit, type AuditFilters } from './api'

const ALERTS_MS = 60_000

export function useAudit(filters: Ref<AuditFilters>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.audit.list(filters.value)),
    queryFn: ({ pageParam }) => listAudit(filters.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  })
  const events = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, events }
}

/** What was out of the ordinary lately; asked again while the page is open. */
export function useAlerts(project: Ref<string | undefined>) {
  return useQuery({
    queryKey: computed(() => keys.audit.alerts(project.value ?? '')),
    queryFn: () => listAlerts(project.value),
    refetchInterval: ALERTS_MS,
  })
}

export function useActions() {
  return useQuery({ queryKey: keys.audit.actions, queryFn: listActions, staleTime: Infinity })
}

export function useVerify() {
  return useMutation({ mutationFn: verifyAudit })
}
