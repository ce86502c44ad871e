import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { language } from '@/ui/i18n'
import * as api from './api'

/** Jobs of a filter, page after page. */
export function useJobs(filters: Ref<api.JobFilters>, enabled?: Ref<boolean>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.jobs.list(filters.value)),
    queryFn: ({ pageParam }) => api.listJobs(filters.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    placeholderData: keepPreviousData,
    ...(enabled ? { enabled } : {}),
  })
  const jobs = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, jobs }
}

export function useJob(jobId: Ref<string | null>) {
  return useQuery({
    queryKey: computed(() => keys.jobs.one(jobId.value ?? '')),
    queryFn: () => api.getJob(jobId.value ?? ''),
    enabled: computed(() => jobId.value !== null),
  })
}

/** What is paused of a project now, the whole project first. */
export function usePauses(project: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.jobs.pauses(project.value)),
    queryFn: () => api.listPauses(project.value),
  })
}

/** What became of each due instant, the newest first; reasons come in the page's language. */
export function useSlots(jobId: Ref<string>, filters: Ref<api.SlotFilters>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.jobs.slots(jobId.value, { ...filters.value, language: language.value })),
    queryFn: ({ pageParam }) => api.listSlots(jobId.value, filters.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    placeholderData: keepPreviousData,
  })
  const slots = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, slots }
}

export function useChanges(jobId: Ref<string>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.jobs.changes(jobId.value)),
    queryFn: ({ pageParam }) => api.listChanges(jobId.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  })
  const changes = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, changes }
}
