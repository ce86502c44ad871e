import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { keys } from '@/api/keys'
import { t } from '@/ui/i18n'
import { formatNumber } from '@/ui/i18n/format'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { importAdvisories, refreshAdvisories } from './api'

/** Bring what is known of vulnerabilities up to date. Failures become toasts. */
export function useAdvisoryActions() {
  const queries = useQueryClient()
  const busy = ref(false)

  async function act(work: () => ReturnType<typeof importAdvisories>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      const { advisories } = await work()
      toast(
        advisories === 0
          ? t('environments.advisories.nothingNew')
          : t('environments.advisories.taken', { n: formatNumber(advisories) }, advisories),
      )
    } catch (error) {
      toastProblem(error)
    } finally {
      busy.value = false
      // Every count of vulnerabilities may be another now.
      void queries.invalidateQueries({ queryKey: keys.environments.all })
    }
  }

  return {
    busy,
    take: (file: File) => act(() => importAdvisories(file)),
    refresh: () => act(refreshAdvisories),
  }
}
