import { language, optional, t } from '@/ui/i18n'
import { formatDuration, formatNumber } from '@/ui/i18n/format'
import { spanOf } from '../durations'
import { holderText, outcomeText } from '../words'
import type { CalendarEntry, CalendarItem } from './types'

const made = new Map<string, Intl.DateTimeFormat>()
function format(at: Date, options: Intl.DateTimeFormatOptions): string {
  const key = `${language.value} ${JSON.stringify(options)}`
  let known = made.get(key)
  if (!known) {
    known = new Intl.DateTimeFormat(language.value, options)
    made.set(key, known)
  }
  return known.format(at)
}

/** `09:30`, on the reader's clock. */
export const clockOf = (at: string | Date): string =>
  format(new Date(at), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
export const monthText = (at: Date): string => format(at, { month: 'long', year: 'numeric' })
export const dayText = (at: Date): string =>
  format(at, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
export const shortDayText = (at: Date): string =>
  format(at, { weekday: 'short', day: 'numeric', month: 'short' })
export const weekdayText = (at: Date): string => format(at, { weekday: 'short' })

/** What becomes or became of it. */
export function fateOf(item: CalendarItem): string {
  if (item.kind === 'ran') {
    return optional(`ui.state.${item.run_state ?? ''}`) ?? t('calendar.ran')
  }
  if (item.outcome === null) return t('calendar.due')
  const text = outcomeText(item.outcome)
  return item.name ? t('calendar.because', { text, name: holderText(item.name) }) : text
}

/** When it is: an instant, or from when to when and how often. */
export function whenOf(item: CalendarItem): string {
  if (item.count === 1) return clockOf(item.at)
  return t('calendar.times', { n: formatNumber(item.count) })
}

/** From when to when it is. */
export const clockSpanOf = (item: CalendarItem): string =>
  item.count === 1 ? clockOf(item.at) : `${clockOf(item.at)}–${clockOf(item.until)}`

function everyOf(seconds = 0): string {
  if (!seconds) return ''
  const { n, unit } = spanOf(seconds)
  return n === 1 ? t(`calendar.each.${unit}`) : t('calendar.every', { span: formatDuration(seconds) })
}

/** How often it is, and how far apart where that is always as far; empty for what is once. */
export function oftenOf(item: CalendarEntry): string {
  if (item.count === 1) return ''
  return [everyOf(item.every_s), t('calendar.times', { n: formatNumber(item.count) })]
    .filter(Boolean)
    .join(' · ')
}

/** All of it in one sentence, for who hovers or hears. */
export function wholeOf(item: CalendarEntry): string {
  return [clockSpanOf(item), item.job_name, oftenOf(item), fateOf(item)].filter(Boolean).join(' · ')
}
