import { computed, type Ref } from 'vue'
import { useRights } from '@/features/access/api'

/** What whoever is logged in may do with the jobs of a project; false as long as that is not known. */
export function useJobRights(project: Ref<string>) {
  const { may } = useRights()
  const writes = computed(() => may(project.value, 'job:write'))
  return {
    writes,
    /** Running it now, for a past slot, or over a range of them. */
    runs: computed(() => writes.value && may(project.value, 'run:submit')),
  }
}
