import { computed, type Ref } from 'vue'
import { useJobs } from './queries'

/** Names of the project's jobs by id, for those that wait for one another; the id where it is not known. */
export function useJobNames(project: Ref<string>, wanted: Ref<boolean>) {
  const { jobs } = useJobs(
    computed(() => ({ project: project.value, sort: 'name' as const })),
    wanted,
  )
  const names = computed(() => new Map(jobs.value.map((job) => [job.id, job.name])))
  return (id: string) => names.value.get(id) ?? id
}
