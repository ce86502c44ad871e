import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { listScripts } from './api'

const MOST = 50

/** Scripts of a project that run by themselves, by what was typed. */
export function useScriptChoices(project: Ref<string>, q: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.scripts.choices(project.value, q.value)),
    queryFn: async () => {
      const filters = { project: project.value, kind: 'script' as const, sort: 'name' as const }
      return (await listScripts({ ...filters, ...(q.value ? { q: q.value } : {}) }, null, MOST)).items
    },
    placeholderData: keepPreviousData,
  })
}
