import { useQueryClient } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { onScopeDispose } from 'vue'
import { keys } from '@/api/keys'
import { onLive, startLive, stopLive } from '@/api/live'
import { patchEnvironment } from '@/features/environments/live'
import { patchHomeProgress } from '@/features/home/live'
import { refreshJob, refreshJobResults, refreshSlots } from '@/features/jobs/live'
import { patchProgress, patchRun, patchUsage } from '@/features/runs/live'
import { patchLastRun } from '@/features/scripts/live'

/** Keep the query cache true to the live socket while the frame stands. */
export function useLivePatches(): void {
  const queries = useQueryClient()
  // A burst of two hundred runs must not ask for the same figures two hundred times.
  const refreshHome = useThrottleFn(() => queries.invalidateQueries({ queryKey: keys.homes }), 1000, true)
  const refreshScripts = useThrottleFn(
    () => queries.invalidateQueries({ queryKey: keys.scripts.lists }),
    1000,
    true,
  )

  const stops = [
    onLive('run', ({ run }) => {
      patchRun(queries, run)
      patchLastRun(queries, run)
      void refreshHome()
      refreshJobResults(queries)
    }),
    onLive('progress', ({ run }) => {
      patchProgress(queries, run.id, run.progress)
      patchHomeProgress(queries, run.id, run.progress)
    }),
    onLive('usage', ({ run }) => {
      patchUsage(queries, run.id, run.attempt, run.point)
    }),
    onLive('environment', ({ environment }) => {
      patchEnvironment(queries, environment)
    }),
    onLive('script', ({ script }) => {
      void refreshScripts()
      void queries.invalidateQueries({ queryKey: keys.scripts.one(script.id) })
      void queries.invalidateQueries({ queryKey: keys.approvals.publication(script.id) })
    }),
    onLive('job', ({ job }) => {
      refreshJob(queries, job.id)
    }),
    onLive('slot', ({ slot }) => {
      refreshSlots(queries, slot.jobs)
    }),
    onLive('approval', () => {
      void queries.invalidateQueries({ queryKey: keys.approvals.all })
    }),
    onLive('missed', () => {
      void queries.invalidateQueries()
    }),
  ]
  // A task of its own: nobody waits for news while the page is made.
  const start = setTimeout(startLive)
  onScopeDispose(() => {
    clearTimeout(start)
    for (const stop of stops) stop()
    stopLive()
  })
}
