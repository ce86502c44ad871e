import { shallowRef, watch } from 'vue'
import type { Run } from '@/api/types'
import type { LogSource } from '@/ui/log/source'
import { runLog } from './logSource'
import { isOver } from './states'

/**
 * The log of one attempt. Made anew for another run or attempt only: the end of a run, which the stream tells by
 * itself, must not throw the reader back.
 */
export function useRunLog(run: () => Run | null | undefined, attempt: () => number) {
  const source = shallowRef<LogSource | null>(null)
  watch(
    () => {
      const now = run()
      return now ? `${now.id} ${String(attempt())}` : null
    },
    () => {
      const now = run()
      const isLive = now !== null && now !== undefined && attempt() === now.attempt && !isOver(now.state)
      source.value = now ? runLog(now.id, attempt(), isLive) : null
    },
    { immediate: true },
  )
  return source
}
