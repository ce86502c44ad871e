import { language, optional, t } from '@/ui/i18n'
import { formatNumber } from '@/ui/i18n/format'
import { holderText, outcomeText } from '../words'
import type { CalendarItem } from './types'

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

/** All of it in one sentence, for who hovers or hears. */
export function wholeOf(item: CalendarItem): string {
  const span = item.count === 1 ? clockOf(item.at) : `${clockOf(item.at)} – ${clockOf(item.until)}`
  const times = item.count === 1 ? '' : t('calendar.times', { n: formatNumber(item.count) })
  return [span, item.job_name, times, fateOf(item)].filter(Boolean).join(' · ')
}
