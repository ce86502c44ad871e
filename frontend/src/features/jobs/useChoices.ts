import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { listSets } from '@/features/parameters/api'
import { listBlackouts, listJobs } from './api'

const MOST = 50

/** The saved sets of parameters that a script has. */
export function useSetsOf(scriptId: Ref<string | null>) {
  return useQuery({
    queryKey: computed(() => keys.scripts.sets(scriptId.value ?? '')),
    queryFn: () => listSets(scriptId.value ?? ''),
    enabled: computed(() => scriptId.value !== null),
  })
}

/** The blackout calendars of a project. */
export function useCalendars(project: Ref<string>, enabled?: Ref<boolean>) {
  return useQuery({
    queryKey: computed(() => keys.jobs.calendars(project.value)),
    queryFn: () => listBlackouts(project.value),
    ...(enabled ? { enabled } : {}),
  })
}

/** The jobs that run a script. */
export function useJobsOf(project: Ref<string>, scriptId: Ref<string>, enabled: Ref<boolean>) {
  const filters = computed(() => ({
    project: project.value,
    target_id: scriptId.value,
    sort: 'name' as const,
  }))
  return useQuery({
    queryKey: computed(() => [...keys.jobs.list(filters.value), 'few']),
    queryFn: async () => (await listJobs(filters.value, null, MOST)).items,
    enabled,
  })
}
