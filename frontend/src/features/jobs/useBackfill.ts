import { useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef, watch } from 'vue'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
import { planBackfill, startBackfill } from './api'
import type { Backfill, BackfillPlan, Job } from './types'
import { instantOf, localOf } from './zones'

export const MOST_AT_ONCE = 1000
const DAY_MS = 86_400_000
const FIELDS = ['from', 'to', 'most', 'trigger_ids']

/** Runs for a range of past slots: what it would be, then doing it. A preview holds until something is changed. */
export function useBackfill(job: Job, done: (count: number) => void, now = Date.now()) {
  const queries = useQueryClient()
  const from = ref(localOf(new Date(now - DAY_MS).toISOString()))
  const to = ref(localOf(new Date(now).toISOString()))
  const most = ref(100)
  const order = ref<'oldest' | 'newest'>('oldest')
  const triggers = ref<string[]>([])
  const plan = shallowRef<BackfillPlan | null>(null)
  const { busy, refused, trouble, send } = useSending(() => FIELDS)

  const wish = computed<Backfill | null>(() => {
    const [start, end] = [instantOf(from.value), instantOf(to.value)]
    if (!start || !end || start >= end) return null
    return {
      from: start,
      to: end,
      most: most.value,
      order: order.value,
      ...(triggers.value.length ? { trigger_ids: triggers.value } : {}),
    }
  })
  watch(wish, () => (plan.value = null))

  async function preview(): Promise<void> {
    const asked = wish.value
    if (!asked) return
    await send(
      () => planBackfill(job.id, asked),
      (answer) => {
        if (wish.value === asked) plan.value = answer
      },
    )
  }

  async function start(): Promise<void> {
    const asked = wish.value
    if (!asked || !plan.value) return
    await send(
      () => startBackfill(job.id, asked),
      (answer) => {
        void queries.invalidateQueries({ queryKey: keys.runs.lists })
        void queries.invalidateQueries({ queryKey: keys.jobs.one(job.id) })
        done(answer.count)
      },
    )
  }

  return { from, to, most, order, triggers, wish, plan, busy, refused, trouble, preview, start }
}
