import { ref, shallowRef } from 'vue'
import { t } from '@/ui/i18n'
import { useJobActions } from './actions'
import type { PauseWish, Which } from './api'
import type { Job } from './types'

interface Pausing {
  title: string
  which: Which
}

/** What is asked before jobs are paused or deleted, and doing it. `done` once they are. */
export function useAsking(project: () => string, done: () => void = () => undefined) {
  const actions = useJobActions()
  const pausing = shallowRef<Pausing | null>(null)
  const removing = shallowRef<readonly Job[] | null>(null)
  const busy = ref(false)

  async function act(work: () => Promise<boolean>): Promise<boolean> {
    busy.value = true
    const went = await work()
    busy.value = false
    if (went) done()
    return went
  }

  function ask(jobs: readonly Job[]): void {
    pausing.value = {
      title: t('jobs.pause.title', { name: jobs[0]?.name ?? '' }, jobs.length),
      which: { ids: jobs.map((job) => job.id) },
    }
  }
  const resume = (which: Which) => act(() => actions.resume(which))

  return {
    actions,
    pausing,
    removing,
    busy,
    ask,
    askAll: () => (pausing.value = { title: t('jobs.pause.titleAll'), which: { project: project() } }),
    askRemove: (jobs: readonly Job[]) => (removing.value = jobs),
    async pause(wish: PauseWish): Promise<void> {
      const asked = pausing.value
      if (asked && (await act(() => actions.pause(asked.which, wish)))) pausing.value = null
    },
    resume,
    /** Pause what goes on, and let go on what is paused. */
    turn: (job: Job) => (job.paused ? void resume({ ids: [job.id] }) : ask([job])),
    async remove(): Promise<boolean> {
      const jobs = removing.value ?? []
      const went = await act(() => actions.remove(jobs))
      if (went) removing.value = null
      return went
    },
  }
}
