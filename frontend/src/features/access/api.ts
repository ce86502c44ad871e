import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { ask, askAll, client } from '@/api/client'
import { keys } from '@/api/keys'
import { usePaged } from '@/api/paged'
import type { components } from '@/api/schema'
import { useMe } from '@/features/auth/me'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'
import { toast } from '@/ui/toast/toasts'

type Schemas = components['schemas']
export type Permission = Schemas['Permission']
export type Role = Schemas['RoleBody']
export type User = Schemas['UserBody']
export type Token = Schemas['ApiTokenBody']
export type Project = Schemas['ProjectBody']
export type Team = Schemas['TeamBody']

/** Whether whoever is logged in administers the installation, and what they may do in a project. */
export function useRights() {
  const { data: me } = useMe()
  const isAdmin = computed(() => me.value?.is_admin === true)
  const may = (project: string, permission: Permission) =>
    (me.value?.projects ?? []).some((one) => one.name === project && one.permissions.includes(permission))
  return { me, isAdmin, may }
}

export function useProjects(archived: Ref<boolean>) {
  return useQuery({
    queryKey: computed(() => keys.access.projects(archived.value)),
    queryFn: () =>
      askAll((page) =>
        client.GET('/api/v1/projects', {
          params: { query: archived.value ? { ...page, archived: true } : page },
        }),
      ),
  })
}

export function useProject(project: () => string) {
  const path = () => ({ project: project() })
  return useQuery({
    queryKey: computed(() => keys.access.project(project())),
    queryFn: async () => {
      const [about, members, teams] = await Promise.all([
        ask(client.GET('/api/v1/projects/{project}', { params: { path: path() } })),
        askAll((query) =>
          client.GET('/api/v1/projects/{project}/members', { params: { path: path(), query } }),
        ),
        askAll((query) =>
          client.GET('/api/v1/projects/{project}/teams', { params: { path: path(), query } }),
        ),
      ])
      return { about, members, teams }
    },
  })
}

export function useTeams() {
  return useQuery({
    queryKey: keys.access.teams,
    queryFn: () => askAll((query) => client.GET('/api/v1/teams', { params: { query } })),
  })
}

export function useTeam(team: () => string) {
  const path = () => ({ team: team() })
  return useQuery({
    queryKey: computed(() => keys.access.team(team())),
    queryFn: async () => {
      const [about, members] = await Promise.all([
        ask(client.GET('/api/v1/teams/{team}', { params: { path: path() } })),
        askAll((query) => client.GET('/api/v1/teams/{team}/members', { params: { path: path(), query } })),
      ])
      return { about, members }
    },
  })
}

export function useRoles() {
  return useQuery({
    queryKey: keys.access.roles,
    queryFn: () => askAll((query) => client.GET('/api/v1/roles', { params: { query } })),
  })
}

export function usePermissions() {
  return useQuery({
    queryKey: keys.access.permissions,
    queryFn: async () => (await ask(client.GET('/api/v1/permissions'))).items,
    staleTime: Infinity,
  })
}

/** What guards the installation, as the server has it in force. */
export function useSecurity() {
  return useQuery({
    queryKey: keys.access.security,
    queryFn: () => ask(client.GET('/api/v1/security')),
  })
}

export function useUsers(q: Ref<string>) {
  return usePaged(
    computed(() => keys.access.users(q.value)),
    (page) => ask(client.GET('/api/v1/users', { params: { query: { ...page, limit: 100, q: q.value } } })),
  )
}

export function useTokens(all: Ref<boolean>) {
  return usePaged(
    computed(() => keys.access.tokens(all.value)),
    (page) =>
      ask(client.GET('/api/v1/tokens', { params: { query: { ...page, limit: 100, all: all.value } } })),
  )
}

/** Sends a change of who may do what; whatever this page knows of access is then asked anew. */
export function useActing(shown: () => readonly string[] = () => [], tell?: (error: unknown) => void) {
  const queries = useQueryClient()
  const { busy, refused, trouble, send } = useSending(shown, tell)
  const act = <T>(work: () => Promise<T>, done: (answer: T) => string | null = () => t('ui.saved')) =>
    send(work, async (answer) => {
      const said = done(answer)
      if (said) toast(said)
      await Promise.all([
        queries.invalidateQueries({ queryKey: keys.access.all }),
        queries.invalidateQueries({ queryKey: keys.me }),
      ])
    })
  return { busy, refused, trouble, act }
}

/** A request that answers nothing. */
export async function askNothing(answer: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  await ask(answer as Promise<{ data?: object; error?: unknown; response: Response }>)
}
