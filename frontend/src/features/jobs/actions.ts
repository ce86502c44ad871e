import { useQueryClient } from '@tanstack/vue-query'
import { useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import { saveAs } from '@/features/runs/saveAs'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import * as api from './api'

interface Named {
  id: string
  name: string
}

/** What can be done to jobs from a list or a page. Nothing here throws: failures become toasts. */
export function useJobActions() {
  const queries = useQueryClient()
  const router = useRouter()

  const refresh = () => queries.invalidateQueries({ queryKey: keys.jobs.all })

  async function act(work: () => Promise<string>): Promise<boolean> {
    try {
      const said = await work()
      void refresh()
      if (said) toast(said)
      return true
    } catch (error) {
      toastProblem(error)
      return false
    }
  }

  function tellQueued(name: string, runId: string): void {
    void queries.invalidateQueries({ queryKey: keys.runs.lists })
    toast(t('jobs.run.queued', { name }), {
      action: {
        label: t('jobs.run.see'),
        run: () => void router.push({ name: 'run', params: { runId } }),
      },
    })
  }

  return {
    /** Start a run now, whatever the triggers say. */
    runNow: (job: Named) =>
      act(async () => {
        tellQueued(job.name, (await api.runJob(job.id, crypto.randomUUID())).id)
        return ''
      }),
    /** Start a run that stands for a past slot. */
    runSlot: (job: Named, triggerId: string, dueAt: string) =>
      act(async () => {
        tellQueued(job.name, (await api.runSlot(job.id, triggerId, dueAt)).id)
        return ''
      }),
    pause: (which: api.Which, wish: api.PauseWish) =>
      act(async () => {
        const { changed, all } = await api.pauseJobs(which, wish)
        return all ? t('jobs.pause.doneAll') : t('jobs.pause.done', {}, changed.length)
      }),
    resume: (which: api.Which) =>
      act(async () => {
        const { changed, all } = await api.resumeJobs(which)
        return all ? t('jobs.resume.doneAll') : t('jobs.resume.done', {}, changed.length)
      }),
    enable: (job: Named & { revision: number }, enabled: boolean) =>
      act(async () => {
        const saved = await api.changeJob(job.id, { enabled }, job.revision)
        queries.setQueryData(keys.jobs.one(job.id), saved)
        return t(enabled ? 'jobs.enabled' : 'jobs.disabled', { name: job.name })
      }),
    /** Save jobs as a file that the import takes; without ids all of the project. */
    download: (project: string, jobs: readonly Named[] = []) =>
      act(async () => {
        const ids = jobs.map((job) => job.id)
        saveAs(await api.exportJobs(project, ids), 'jobs.yaml')
        return ''
      }),
    /** Delete them; those that are gone already are no failure. */
    remove: (jobs: readonly Named[]) =>
      act(async () => {
        const results = await Promise.allSettled(jobs.map((job) => api.deleteJob(job.id)))
        const failed = results.find(
          (one) => one.status === 'rejected' && !(one.reason instanceof Problem && one.reason.status === 404),
        )
        if (failed?.status === 'rejected') throw failed.reason
        return t('jobs.deleted', { name: jobs[0]?.name ?? '' }, jobs.length)
      }),
  }
}
export type JobActions = ReturnType<typeof useJobActions>
