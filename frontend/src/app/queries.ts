import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import type { App } from 'vue'
import { isPassing } from '@/api/problem'
import { meQuery } from '@/features/auth/me'

/** Server state. The live socket keeps it fresh, so a query is stale late and refetched when the window returns. */
const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: true,
      // A refusal stays a refusal; only trouble on the way is worth asking again.
      retry: (failures, error) => failures < 2 && isPassing(error),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
    mutations: { retry: false },
  },
})

export function installQueries(app: App): void {
  app.use(VueQueryPlugin, { queryClient })
}

/** Ask at once what everything around a page waits for. */
export function askFirst(): void {
  void queryClient.prefetchQuery(meQuery)
}
