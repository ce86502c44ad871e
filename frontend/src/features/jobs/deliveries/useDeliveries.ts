import { useInfiniteQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'
import * as api from './api'
import { trialOf, type Typed } from './payload'
import type { Tried } from './types'

/** How often what arrives is looked for: nothing tells the page of calls that start no run. */
const REFRESH_MS = 10_000

/** What arrived at a trigger, the newest first. */
export function useDeliveries(triggerId: Ref<string>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.jobs.deliveries(triggerId.value)),
    queryFn: ({ pageParam }) => api.listDeliveries(triggerId.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: REFRESH_MS,
  })
  const deliveries = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, deliveries }
}

/** Shows a trigger a payload, and keeps what it makes of it. */
export function useTrial(triggerId: Ref<string>) {
  const queries = useQueryClient()
  const { busy, trouble, send } = useSending(() => [])
  const tried = ref<Tried | null>(null)

  async function attempt(typed: Typed, run: boolean): Promise<void> {
    const trial = trialOf(typed, run)
    if (trial === null) {
      tried.value = null
      trouble.value = t('deliveries.test.notJson')
      return
    }
    const isSent = await send(
      () => api.tryTrigger(triggerId.value, trial),
      (answer) => (tried.value = answer),
    )
    if (!isSent) tried.value = null
    if (run) void queries.invalidateQueries({ queryKey: keys.jobs.deliveries(triggerId.value) })
  }
  return { busy, trouble, tried, attempt }
}
