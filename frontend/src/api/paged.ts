import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import type { Page } from './types'

/** A list that is shown page after page: its items so far (undefined before the first), and the way to more. */
export function usePaged<T>(
  queryKey: ComputedRef<readonly unknown[]> | readonly unknown[],
  page: (asked: { cursor?: string }) => Promise<Page<T>>,
) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => page(pageParam ? { cursor: pageParam } : {}),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
  })
  const items = computed(() => query.data.value?.pages.flatMap((one) => one.items))
  const more = computed(() => query.hasNextPage.value)
  const fetching = computed(() => query.isFetchingNextPage.value)
  return {
    items,
    more,
    fetching,
    next: () => query.fetchNextPage(),
    error: query.error,
    refetch: query.refetch,
  }
}
