import type { CalendarEntry, CalendarItem } from './types'

export const VIEWS = ['month', 'week', 'day'] as const
export type View = (typeof VIEWS)[number]

/** A day of the reader's clock: `2026-11-22`. */
export type Day = string

const two = (n: number) => String(n).padStart(2, '0')
export const dayOf = (at: Date): Day =>
  `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`

/** Midnight at which a day begins; today's for what is no day. */
export function startOf(day: string, now = new Date()): Date {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? []
  const at = new Date(Number(year), Number(month) - 1, Number(date))
  return Number.isNaN(at.getTime()) ? new Date(now.getFullYear(), now.getMonth(), now.getDate()) : at
}

/** Days are counted by the calendar: one with a clock change has 23 or 25 hours. */
function plusDays(at: Date, days: number): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days)
}

/** The Monday on or before a day. */
const monday = (at: Date) => plusDays(at, -((at.getDay() + 6) % 7))

/** The days that a view shows; a month is shown in whole weeks. */
export function daysOf(view: View, on: Date): Day[] {
  if (view === 'day') return [dayOf(on)]
  const first = view === 'week' ? monday(on) : monday(new Date(on.getFullYear(), on.getMonth(), 1))
  const last = view === 'week' ? plusDays(first, 6) : new Date(on.getFullYear(), on.getMonth() + 1, 0)
  const days: Day[] = []
  for (let at = first; at <= last || days.length % 7 !== 0; at = plusDays(at, 1)) days.push(dayOf(at))
  return days
}

/** From the first midnight to the last, as the server is asked. */
export function stretchOf(days: readonly Day[]): { from: string; to: string } {
  const first = startOf(days[0] ?? '')
  const last = startOf(days.at(-1) ?? '')
  return { from: first.toISOString(), to: plusDays(last, 1).toISOString() }
}

/** The same view one step earlier or later; the 31st of a month leads into the next one's last day. */
export function stepped(view: View, on: Date, by: -1 | 1): Day {
  if (view !== 'month') return dayOf(plusDays(on, view === 'week' ? by * 7 : by))
  const last = new Date(on.getFullYear(), on.getMonth() + by + 1, 0).getDate()
  return dayOf(new Date(on.getFullYear(), on.getMonth() + by, Math.min(on.getDate(), last)))
}

/** Items by what `key` makes of when they are, in order. */
export function grouped<K>(
  items: readonly CalendarItem[],
  key: (at: Date) => K,
): Map<K, readonly CalendarItem[]> {
  const found = new Map<K, CalendarItem[]>()
  for (const item of [...items].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const where = key(new Date(item.at))
    found.set(where, [...(found.get(where) ?? []), item])
  }
  return found
}

const likeness = ({ job_id, kind, outcome, name, run_state }: CalendarItem) =>
  [job_id, kind, outcome, name, run_state].join('\n')

/** How far apart the due instants of items are that follow one another, in seconds; 0 where not all are as far. */
function stepOf(items: readonly CalendarItem[]): number {
  if (items.some((item) => item.trigger_id !== items[0]?.trigger_id)) return 0
  const steps = items.flatMap((item, index) => {
    const within = (Date.parse(item.until) - Date.parse(item.at)) / Math.max(item.count - 1, 1)
    const next = items[index + 1]
    const gap = next ? [Date.parse(next.at) - Date.parse(item.until)] : []
    return item.count > 1 ? [within, ...gap] : gap
  })
  const [first = 0] = steps
  return first > 0 && first % 1000 === 0 && steps.every((step) => step === first) ? first / 1000 : 0
}

/**
 * Items in order, those of one job that fared alike as one entry where they come more often than `apart` times: two
 * jobs that run every minute are two lines of an hour, and not a wall of what takes turns.
 */
export function together(items: readonly CalendarItem[], apart: number): CalendarEntry[] {
  const alike = new Map<string, CalendarItem[]>()
  for (const item of [...items].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    alike.set(likeness(item), [...(alike.get(likeness(item)) ?? []), item])
  }
  return [...alike.values()]
    .flatMap((some): CalendarEntry[] => {
      const [first] = some
      const count = some.reduce((sum, item) => sum + item.count, 0)
      if (!first || count <= apart) return some
      const until = some.reduce((last, item) => (item.until > last ? item.until : last), first.until)
      const every_s = stepOf(some)
      const run_id = some.length === 1 ? first.run_id : null
      return [{ ...first, until, count, run_id, ...(every_s ? { every_s } : {}) }]
    })
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.job_name.localeCompare(b.job_name))
}

export type Tone = 'due' | 'quiet' | 'running' | 'good' | 'bad' | 'warn' | 'late'
const STATES: Partial<Record<string, Tone>> = {
  succeeded: 'good',
  failed: 'bad',
  lost: 'bad',
  timed_out: 'late',
  queued: 'running',
  starting: 'running',
  running: 'running',
}

/** In which colour it is told. */
export function toneOf(item: Pick<CalendarItem, 'kind' | 'outcome' | 'run_state'>): Tone {
  if (item.kind === 'ran') return STATES[item.run_state ?? ''] ?? 'quiet'
  if (item.outcome === 'missed') return 'late'
  if (item.outcome === 'blackout' || item.outcome === 'paused') return 'warn'
  return item.kind === 'due' && item.outcome === null ? 'due' : 'quiet'
}
