import { useQueryClient } from '@tanstack/vue-query'
import { ref, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'
import { toast } from '@/ui/toast/toasts'
import * as api from './api'
import type { Comparison, ShadowAsked } from './types'

/** Compares a job in shadow with the system that it takes over from, and lets it take over. */
export function useShadow(jobId: Ref<string>) {
  const queries = useQueryClient()
  const { busy, refused, trouble, send } = useSending(() => ['log', 'from', 'to'])
  const found = ref<Comparison | null>(null)
  return {
    busy,
    refused,
    trouble,
    found,
    compare: (asked: ShadowAsked) =>
      send(
        () => api.compareShadow(jobId.value, asked),
        (answer) => (found.value = answer),
      ),
    cutOver: () =>
      send(
        () => api.cutOver(jobId.value),
        async () => {
          toast(t('shadow.over'))
          await queries.invalidateQueries({ queryKey: keys.jobs.all })
        },
      ),
  }
}
