import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { components } from '@/api/schema'

export type Invitation = components['schemas']['InvitationBody']

/** The invitations that are open, the newest first. */
export function useInvitations() {
  return useQuery({
    queryKey: keys.access.invitations,
    queryFn: async () =>
      (await ask(client.GET('/api/v1/invitations', { params: { query: { limit: 500 } } }))).items,
  })
}

/** Where a user is signed in. */
export function useUserSessions(user: () => string) {
  const queries = useQueryClient()
  const queryKey = computed(() => keys.access.sessions(user()))
  const query = useQuery({
    queryKey,
    queryFn: async () =>
      (await ask(client.GET('/api/v1/users/{user}/sessions', { params: { path: { user: user() } } }))).items,
  })
  return { ...query, again: () => queries.invalidateQueries({ queryKey: queryKey.value }) }
}
