import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import type { Environment, EnvironmentKind, EnvironmentState } from '@/api/types'
import {
  getAdvisoryStatus,
  getEnvironment,
  getTrial,
  listEnvironments,
  listPackages,
  listPackageUsers,
  type EnvironmentFilters,
} from './api'

export const isBuilding = (state: EnvironmentState) => state === 'pending' || state === 'building'
const BUILDING_MS = 4000

export function useEnvironments(filters: Ref<EnvironmentFilters>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.environments.list(filters.value)),
    queryFn: ({ pageParam }) => listEnvironments(filters.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  })
  const environments = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, environments }
}

/** One environment; asked now and then while it is built, in case the socket is away. */
export function useEnvironment(environmentId: Ref<string | null>) {
  return useQuery({
    queryKey: computed(() => keys.environments.one(environmentId.value ?? '')),
    queryFn: () => getEnvironment(environmentId.value ?? ''),
    enabled: computed(() => environmentId.value !== null),
    refetchInterval: (query) =>
      query.state.data && isBuilding(query.state.data.state) ? BUILDING_MS : false,
  })
}

/** The trial upgrade of an environment that has one; asked now and then while it is built. */
export function useTrial(environment: Ref<Pick<Environment, 'id' | 'trial_id'>>) {
  return useQuery({
    queryKey: computed(() => keys.environments.trial(environment.value.id)),
    queryFn: () => getTrial(environment.value.id),
    enabled: computed(() => environment.value.trial_id !== null),
    refetchInterval: (query) =>
      query.state.data && isBuilding(query.state.data.environment.state) ? BUILDING_MS : false,
  })
}

/** Packages of all environments whose name holds `q`, by name. */
export function usePackages(q: Ref<string>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.environments.packages(q.value)),
    queryFn: ({ pageParam }) => listPackages(q.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  })
  const packages = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, packages }
}

export function usePackageUsers(which: Ref<{ name: string; kind: EnvironmentKind }>) {
  return useQuery({
    queryKey: computed(() => keys.environments.packageUsers(which.value)),
    queryFn: () => listPackageUsers(which.value),
  })
}

export function useAdvisories() {
  return useQuery({ queryKey: keys.environments.advisories, queryFn: getAdvisoryStatus })
}
