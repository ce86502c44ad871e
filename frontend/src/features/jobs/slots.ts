import { t } from '@/ui/i18n'
import { formatNumber } from '@/ui/i18n/format'
import type { Slot } from './types'
import { formatDue } from './zones'

/** From when to when a row of the ledger goes; the two are one instant where it is one slot. */
export function spanOf(slot: Slot): { from: string; to: string } {
  const from = slot.due_from ?? slot.due_at ?? slot.decided_at
  return { from, to: slot.due_to ?? from }
}

export const slotKey = (slot: Slot) => `${slot.trigger_id} ${spanOf(slot).from}`

/** When a row of the ledger was due: an instant, or a stretch of so many. */
export function dueText(slot: Slot): string {
  const { from, to } = spanOf(slot)
  if (slot.count <= 1) return formatDue(from)
  return t('jobs.slot.span', { from: formatDue(from), to: formatDue(to), n: formatNumber(slot.count) })
}

/** Why the server counted it as it did; without a run and with slots that are over it can be run after all. */
export function isRunnable(slot: Slot, now: number): boolean {
  return new Date(spanOf(slot).to).getTime() <= now
}
