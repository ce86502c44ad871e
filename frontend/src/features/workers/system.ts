import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'

const REFRESH_MS = 10_000

/** The machine, its isolation levels and the workers; asked again while the page is open. */
export function useSystem() {
  return useQuery({
    queryKey: keys.system,
    queryFn: () => ask(client.GET('/api/v1/system')),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  })
}
