import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { askAll, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { components } from '@/api/schema'

export type Invitation = components['schemas']['InvitationBody']

/** The invitations that are open, the newest first. */
export function useInvitations() {
  return useQuery({
    queryKey: keys.access.invitations,
    queryFn: () => askAll((query) => client.GET('/api/v1/invitations', { params: { query } })),
  })
}

/** Where a user is signed in. */
export function useUserSessions(user: () => string) {
  const queries = useQueryClient()
  const queryKey = computed(() => keys.access.sessions(user()))
  const query = useQuery({
    queryKey,
    queryFn: () =>
      askAll((query) =>
        client.GET('/api/v1/users/{user}/sessions', { params: { path: { user: user() }, query } }),
      ),
  })
  return { ...query, again: () => queries.invalidateQueries({ queryKey: queryKey.value }) }
}
