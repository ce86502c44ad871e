import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { Me } from '@/api/types'

/** Who is logged in, as a question to the server. */
export const meQuery = {
  queryKey: keys.me,
  queryFn: () => ask(client.GET('/api/v1/me')),
  staleTime: 5 * 60_000,
}

/** Who is logged in. */
export function useMe() {
  return useQuery(meQuery)
}

export type MeChange = Partial<Pick<Me, 'display_name' | 'language' | 'theme'>>

/** Change one's own profile; shown at once, taken back when the server refuses. */
export function useChangeMe() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (change: MeChange) => ask(client.PATCH('/api/v1/me', { body: change })),
    onMutate: (change) => {
      const before = queries.getQueryData<Me>(keys.me)
      if (before) queries.setQueryData<Me>(keys.me, { ...before, ...change })
      return before
    },
    onError: (_error, _change, before) => {
      if (before) queries.setQueryData(keys.me, before)
    },
    onSuccess: (me) => {
      queries.setQueryData(keys.me, me)
    },
  })
}
