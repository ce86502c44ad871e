import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
import { toast } from '@/ui/toast/toasts'
import * as api from './api'

/** The blackout calendars of a project, whole. */
export function useBlackouts(project: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.jobs.calendars(project.value)),
    queryFn: () => api.listBlackouts(project.value),
  })
}

/** Changes calendars: jobs that go by them are due at other times then. */
export function useBlackoutActing() {
  const queries = useQueryClient()
  const { busy, refused, trouble, send } = useSending(() => ['name'])
  const act = (work: () => Promise<void>, said: string) =>
    send(work, async () => {
      toast(said)
      await queries.invalidateQueries({ queryKey: keys.jobs.all })
    })
  return { busy, refused, trouble, act }
}
