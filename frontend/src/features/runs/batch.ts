import { useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef } from 'vue'
import { keys } from '@/api/keys'
import type { Batch, BatchAction, BatchResult } from '@/api/types'
import { t } from '@/ui/i18n'
import { formatNumber } from '@/ui/i18n/format'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { previewBatch, runBatch, type RunFilters } from './api'

/** The runs that are named, or all that a filter finds. */
export type BatchTarget = { ids: string[] } | { filter: RunFilters }

interface Asked {
  action: BatchAction
  body: Batch
  count: number
  capped: boolean
}

/**
 * Do a batch to its end: the server treats so many with one request. Runs again are asked for once, since the runs
 * they are made from stay what they are. Stops where nothing more is done.
 */
export async function doWhole(
  body: Batch,
  send: (body: Batch) => Promise<BatchResult>,
  told: (done: number) => void = () => undefined,
): Promise<{ done: number; refused: number }> {
  let done = 0
  for (;;) {
    const result = await send(body)
    done += result.done
    told(done)
    if (!result.more || result.done === 0 || body.action === 'retry')
      return { done, refused: result.refused.length }
  }
}

/** The body of a batch. A filter is closed at `now`: runs that come while one thinks are not meant. */
export function bodyOf(action: BatchAction, target: BatchTarget, now = new Date()): Batch {
  if ('ids' in target) return { action, ids: target.ids }
  return { action, filter: { ...target.filter, until: now.toISOString() } }
}

/** Ask how many runs a batch concerns, let it be confirmed, do it. Failures become toasts. */
export function useBatch(done: () => void) {
  const queries = useQueryClient()
  const asked = shallowRef<Asked | null>(null)
  const busy = ref(false)
  const progress = ref(0)

  async function ask(action: BatchAction, target: BatchTarget): Promise<void> {
    const body = bodyOf(action, target)
    try {
      const { count, capped } =
        'ids' in target ? { count: target.ids.length, capped: false } : await previewBatch(body)
      if (count === 0) toast(t(`runs.batch.none.${action}`), { kind: 'note' })
      else asked.value = { action, body, count, capped }
    } catch (error) {
      toastProblem(error)
    }
  }

  async function confirm(): Promise<void> {
    const what = asked.value
    if (!what || busy.value) return
    busy.value = true
    progress.value = 0
    try {
      const result = await doWhole(what.body, runBatch, (n) => (progress.value = n))
      const said = t(`runs.batch.done.${what.action}`, { n: formatNumber(result.done) }, result.done)
      const left = result.refused ? ` ${t('runs.batch.refused', {}, result.refused)}` : ''
      toast(said + left, { kind: result.done ? 'done' : 'note' })
      done()
    } catch (error) {
      toastProblem(error)
    } finally {
      busy.value = false
      asked.value = null
      void queries.invalidateQueries({ queryKey: keys.runs.all })
    }
  }

  return {
    asked: computed({ get: () => asked.value, set: (next) => (asked.value = next) }),
    busy,
    progress,
    ask,
    confirm,
  }
}
