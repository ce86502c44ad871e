import { language, t } from '@/ui/i18n'
import { formatIn } from '../zones'
import type { BlackoutDraft, BlackoutWindow, WindowType } from './types'

/** The days of a week as it is written, Monday first; 0 is Sunday. */
export const WEEK = [1, 2, 3, 4, 5, 6, 0]
const two = (n: number) => String(n).padStart(2, '0')
const dateOf = (at: Date) => `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`

/** A new window of a kind, of which nothing has to be changed to make sense. */
export function newWindow(type: WindowType, name = '', now = new Date()): BlackoutWindow {
  const today = dateOf(now)
  if (type === 'dates') return { type, name, first: today, last: today }
  if (type === 'hours') return { type, name, weekdays: [1, 2, 3, 4, 5], start: '22:00', end: '06:00' }
  const hour = Math.ceil(now.getTime() / 3_600_000) * 3_600_000
  return { type, name, start: new Date(hour).toISOString(), end: new Date(hour + 3_600_000).toISOString() }
}

/** What is wrong with a draft, by the field it is of: `name`, `windows`, `windows.0.name`. */
export function troublesOf(draft: BlackoutDraft): Record<string, string> {
  const found: Record<string, string> = {}
  if (!draft.name.trim()) found.name = t('blackouts.trouble.name')
  if (draft.windows.length === 0) found.windows = t('blackouts.trouble.none')
  draft.windows.forEach((one, index) => {
    const at = `windows.${String(index)}`
    if (!one.name.trim()) found[`${at}.name`] = t('blackouts.trouble.windowName')
    if (isEmpty(one)) found[`${at}.end`] = t('blackouts.trouble.end')
    if (one.type === 'hours' && one.weekdays.length === 0)
      found[`${at}.weekdays`] = t('blackouts.trouble.weekdays')
  })
  return found
}

function isEmpty(one: BlackoutWindow): boolean {
  if (one.type === 'dates') return !one.first || !one.last || one.last < one.first
  if (one.type === 'between') return !(Date.parse(one.end) > Date.parse(one.start))
  return !one.start || !one.end || one.start === one.end
}

function weekday(day: number): string {
  // The first of November 2026 was a Sunday.
  return new Intl.DateTimeFormat(language.value, { weekday: 'short' }).format(new Date(2026, 10, 1 + day))
}
export const weekdayText = weekday

/** `Mon–Fri`, `Sat, Sun`: days that follow one another are told by the first and the last. */
export function weekdaysText(days: readonly number[]): string {
  const places = WEEK.map((day, place) => (days.includes(day) ? place : -1)).filter((place) => place >= 0)
  if (places.length === 7) return t('blackouts.everyDay')
  const runs: number[][] = []
  for (const place of places) {
    const run = runs.at(-1)
    if (run?.at(-1) === place - 1) run.push(place)
    else runs.push([place])
  }
  const text = (place: number | undefined) => weekday(WEEK[place ?? 0] ?? 0)
  return runs
    .flatMap((run) => (run.length > 2 ? [`${text(run[0])}–${text(run.at(-1))}`] : run.map(text)))
    .join(t('blackouts.and'))
}

/** What a window shuts out, in one line. */
export function windowText(one: BlackoutWindow, zone: string): string {
  if (one.type === 'hours')
    return t('blackouts.said.hours', { days: weekdaysText(one.weekdays), start: one.start, end: one.end })
  if (one.type === 'dates')
    return one.first === one.last
      ? t('blackouts.said.date', { first: one.first })
      : t('blackouts.said.dates', { first: one.first, last: one.last })
  return t('blackouts.said.between', { start: formatIn(one.start, zone), end: formatIn(one.end, zone) })
}

/** The windows of a calendar, to be changed without it. What was fetched is reactive, which `structuredClone` refuses. */
export const copyOf = (windows: readonly BlackoutWindow[]): BlackoutWindow[] =>
  JSON.parse(JSON.stringify(windows)) as BlackoutWindow[]
