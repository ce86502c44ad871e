import { t } from '@/ui/i18n'
import { formatNumber } from '@/ui/i18n/format'
import type { Slot } from './types'
import { formatDue } from './zones'

/** From when to when a row of the ledger goes; the two are one instant where it is one slot. */
export function spanOf(slot: Slot): { from: string; to: string } {
  return 'due_at' in slot ? { from: slot.due_at, to: slot.due_at } : { from: slot.due_from, to: slot.due_to }
}

/** How many due instants it stands for. */
export const countOf = (slot: Slot): number => ('due_at' in slot ? 1 : slot.count)

export const slotKey = (slot: Slot) => `${slot.trigger_id} ${spanOf(slot).from}`

/** When a row of the ledger was due: an instant, or a stretch of so many. */
export function dueText(slot: Slot): string {
  const { from, to } = spanOf(slot)
  const count = countOf(slot)
  if (count === 1) return formatDue(from)
  return t('jobs.slot.span', { from: formatDue(from), to: formatDue(to), n: formatNumber(count) })
}

/** Why the server counted it as it did; without a run and with slots that are over it can be run after all. */
export function isRunnable(slot: Slot, now: number): boolean {
  return new Date(spanOf(slot).to).getTime() <= now
}
