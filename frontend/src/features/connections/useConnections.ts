import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { usePaged } from '@/api/paged'
import * as api from './api'

export const useConnections = (project: Ref<string>, enabled: Ref<boolean>) =>
  useQuery({
    queryKey: computed(() => keys.secrets.list('connection', project.value)),
    queryFn: () => api.listConnections(project.value),
    enabled,
  })

/** What kinds there are, and which of them this server can test. */
export const useKinds = (enabled?: Ref<boolean>) =>
  useQuery({
    queryKey: keys.secrets.kinds,
    queryFn: api.listKinds,
    staleTime: Infinity,
    ...(enabled ? { enabled } : {}),
  })

export const useConnectionUsers = (id: string) =>
  useQuery({ queryKey: keys.secrets.users(id), queryFn: () => api.usersOf(id) })

export const useConnectionUses = (id: string) =>
  usePaged(keys.secrets.uses(id), (page) => api.usesOf(id, page))
