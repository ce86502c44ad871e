import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { ask, askAll, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { components } from '@/api/schema'

export type MySession = components['schemas']['SessionBody']

/** Where one is signed in, the last used first. */
export function useSessions() {
  return useQuery({
    queryKey: keys.sessions,
    queryFn: () => askAll((query) => client.GET('/api/v1/me/sessions', { params: { query } })),
  })
}

export function useEndSession() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: async (session: MySession) => {
      const params = { path: { session_id: session.id } }
      await ask(client.DELETE('/api/v1/me/sessions/{session_id}', { params }))
    },
    onSettled: () => queries.invalidateQueries({ queryKey: keys.sessions }),
  })
}

const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]

/** What a program calls itself, made short: "Firefox, Linux"; its first word where it is none of these. */
export function programName(agent: string): string {
  const found = (table: readonly (readonly [RegExp, string])[]) =>
    table.find(([sign]) => sign.test(agent))?.[1]
  const names = [found(PROGRAMS), found(SYSTEMS)].filter((name) => name !== undefined)
  return names.length ? names.join(', ') : (agent.split(' ')[0] ?? '')
}
