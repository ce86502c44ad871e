import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { usePaged } from '@/api/paged'
import { useMe } from '@/features/auth/me'
import { useSending } from '@/ui/form/sending'
import { toast, toastProblem } from '@/ui/toast/toasts'
import * as api from './api'

const POLL_MS = 1500

/** What whoever is signed in may do with a project's secrets; false as long as that is not known. */
export function useMaySecrets(project: Ref<string>) {
  const { data: me } = useMe()
  const isAdmin = computed(() => me.value?.is_admin === true)
  const may = (permission: 'secret:use' | 'secret:manage') =>
    computed(
      () =>
        isAdmin.value ||
        (me.value?.projects ?? []).some(
          (one) => one.name === project.value && one.permissions.includes(permission),
        ),
    )
  return { isAdmin, use: may('secret:use'), manage: may('secret:manage') }
}

export const useEntries = (kind: Ref<api.Kind>, project: Ref<string>, enabled?: Ref<boolean>) =>
  useQuery({
    queryKey: computed(() => keys.secrets.list(kind.value, project.value)),
    queryFn: () => api.listEntries(kind.value, { project: project.value }),
    ...(enabled ? { enabled } : {}),
  })

export const useStages = (project: Ref<string>) =>
  useQuery({
    queryKey: computed(() => keys.secrets.stages(project.value)),
    queryFn: () => api.stagesOf(project.value),
  })

export const useUsers = (kind: api.Kind, id: string) =>
  useQuery({ queryKey: keys.secrets.users(id), queryFn: () => api.usersOf(kind, id) })

export const useUses = (id: string) => usePaged(keys.secrets.uses(id), (page) => api.usesOf(id, page))

/** Searches for a secret's value; looked at again while one goes on. */
export const useScrubs = (kind: api.Hidden, id: string) =>
  useQuery({
    queryKey: keys.secrets.scrubs(id),
    queryFn: () => api.scrubsOf(kind, id),
    refetchInterval: ({ state }) => (state.data?.[0]?.state === 'running' ? POLL_MS : false),
  })

export const useResolution = (scriptId: MaybeRefOrGetter<string>, stage: Ref<string>, version: Ref<number>) =>
  useQuery({
    queryKey: computed(() => keys.secrets.resolution(toValue(scriptId), stage.value, version.value)),
    queryFn: () => api.resolutionOf(toValue(scriptId), stage.value || null),
  })

/** Does something to secrets, says so, and has everything about them read again, but for one that is `gone`. */
export function useSecretAction(fields: () => readonly string[] = () => []) {
  const queries = useQueryClient()
  const sending = useSending(fields, toastProblem)
  const act = (work: () => Promise<unknown>, done: string, gone?: string) =>
    sending.send(work, () => {
      toast(done)
      return queries.invalidateQueries({
        queryKey: keys.secrets.all,
        predicate: ({ queryKey }) => gone === undefined || !queryKey.includes(gone),
      })
    })
  return { ...sending, act }
}
