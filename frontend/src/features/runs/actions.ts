import { useQueryClient } from '@tanstack/vue-query'
import { useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import type { Run } from '@/api/types'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { cancelRun, keepRun, rerunRun } from './api'

interface Named {
  id: string
  script_name: string
}

/** What can be done to runs. Nothing here throws: failures become toasts. */
export function useRunActions() {
  const queries = useQueryClient()
  const router = useRouter()

  /** Cancel; those that ended meanwhile are no failure. */
  async function cancel(runs: readonly Named[]): Promise<void> {
    const results = await Promise.allSettled(runs.map((run) => cancelRun(run.id)))
    for (const result of results) {
      if (result.status === 'fulfilled')
        queries.setQueryData<Run>(keys.runs.one(result.value.id), result.value)
    }
    void queries.invalidateQueries({ queryKey: keys.runs.lists })
    const asked = results.filter((result) => result.status === 'fulfilled').length
    const refused = results.flatMap((result) =>
      result.status === 'rejected' &&
      !(result.reason instanceof Problem && result.reason.code === 'already_over')
        ? [result.reason as unknown]
        : [],
    )
    if (refused.length) toastProblem(refused[0])
    else if (asked === 0) toast(t('runs.alreadyOver'), { kind: 'note' })
    else toast(t('runs.cancelling', {}, asked))
  }

  /** Run again as it was. `open` goes to the new run, otherwise a toast offers it. */
  async function rerun(run: Named, open: boolean): Promise<void> {
    try {
      const { id } = await rerunRun(run.id)
      void queries.invalidateQueries({ queryKey: keys.runs.lists })
      const show = () => void router.push({ name: 'run', params: { runId: id } })
      if (open) show()
      else
        toast(t('runs.rerunQueued', { name: run.script_name }), {
          action: { label: t('runs.see'), run: show },
        })
    } catch (error) {
      toastProblem(error)
    }
  }

  /** Keep a run whatever the rules of retention say, or let it go again. */
  async function keep(run: Named, on: boolean): Promise<void> {
    try {
      queries.setQueryData<Run>(keys.runs.one(run.id), await keepRun(run.id, on))
      toast(on ? t('runs.kept') : t('runs.letGone'))
    } catch (error) {
      toastProblem(error)
    }
  }

  return { cancel, rerun, keep }
}
