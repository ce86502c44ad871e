import { useQueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import { t } from '@/ui/i18n'
import { formatBytes } from '@/ui/i18n/format'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { cancelBuild, cleanUp, deleteEnvironment, rebuildEnvironment } from './api'

/** What can be done to environments. Nothing here throws: failures become toasts; the answer says whether it worked. */
export function useEnvironmentActions() {
  const queries = useQueryClient()

  async function act(work: () => Promise<unknown>, done: () => string): Promise<boolean> {
    try {
      await work()
      toast(done())
      return true
    } catch (error) {
      toastProblem(error)
      return false
    } finally {
      void queries.invalidateQueries({ queryKey: keys.environments.all })
    }
  }

  return {
    cancel: (id: string) =>
      act(
        () => cancelBuild(id),
        () => t('environments.cancelled'),
      ),
    rebuild: (id: string) =>
      act(
        () => rebuildEnvironment(id),
        () => t('environments.rebuilding'),
      ),
    remove: (id: string) =>
      act(
        () => deleteEnvironment(id),
        () => t('environments.deleted'),
      ),
    async cleanUp(days: number): Promise<boolean> {
      let gone = { deleted: 0, freed_bytes: 0 }
      return act(
        async () => (gone = await cleanUp(days)),
        () =>
          gone.deleted === 0
            ? t('environments.cleanedNone')
            : t('environments.cleaned', { size: formatBytes(gone.freed_bytes) }, gone.deleted),
      )
    },
  }
}
