import { useQueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import { saveAs } from '@/features/runs/saveAs'
import { t } from '@/ui/i18n'
import { formatBytes } from '@/ui/i18n/format'
import { toast, toastProblem } from '@/ui/toast/toasts'
import {
  beginTrial,
  cancelBuild,
  cleanUp,
  deleteEnvironment,
  dropTrial,
  exportEnvironment,
  importEnvironment,
  keepTrial,
  rebuildEnvironment,
} from './api'

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
    beginTrial: (id: string) =>
      act(
        () => beginTrial(id),
        () => t('environments.trial.begun'),
      ),
    /** The id of the environment that has taken the place of the old one; null where that was refused. */
    async keepTrial(id: string): Promise<string | null> {
      let kept: string | null = null
      await act(
        async () => (kept = (await keepTrial(id)).id),
        () => t('environments.trial.kept'),
      )
      return kept
    },
    dropTrial: (id: string) =>
      act(
        () => dropTrial(id),
        () => t('environments.trial.dropped'),
      ),
    async export(id: string): Promise<void> {
      try {
        toast(t('environments.exporting'), { kind: 'note' })
        saveAs(await exportEnvironment(id), `${id}.runyard-env.zip`)
      } catch (error) {
        toastProblem(error)
      }
    },
    /** The id of the environment that a file held; null where it was refused. */
    async import(file: File): Promise<string | null> {
      let taken: string | null = null
      await act(
        async () => (taken = (await importEnvironment(file)).id),
        () => t('environments.imported'),
      )
      return taken
    },
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
