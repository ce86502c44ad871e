import { language, optional, t } from './index'

const MISSING = '–'

/** Making an Intl formatter costs a hundred times what using it does, and a list needs hundreds of texts. */
const made = new Map<string, unknown>()
function formatter<T>(kind: string, options: object | undefined, make: (language: string) => T): T {
  const key = `${kind} ${language.value} ${options ? JSON.stringify(options) : ''}`
  let known = made.get(key) as T | undefined
  if (known === undefined) {
    known = make(language.value)
    made.set(key, known)
  }
  return known
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return formatter('date', options, (spoken) => new Intl.DateTimeFormat(spoken, options))
}

/** `1,234` in the page's language. */
export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return formatter('number', options, (spoken) => new Intl.NumberFormat(spoken, options)).format(value)
}

/** A share from 0 to 1 as `46%`, with at most `digits` decimals. */
export function formatPercent(share: number, digits = 0): string {
  return formatNumber(share, { style: 'percent', maximumFractionDigits: digits })
}

/** Bytes in binary units with at most three digits: `812 B`, `1.4 MB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return MISSING
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${formatNumber(value, { maximumFractionDigits: digits })} ${units[unit] ?? ''}`
}

/**
 * Seconds as a reader would say them: `84 ms`, `4.2 s`, `1 m 12 s`, `2 h 5 m`, `3 d 4 h`. `whole` leaves fractions
 * of a second out, for what ticks.
 */
export function formatDuration(seconds: number | null | undefined, whole = false): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return MISSING
  const s = Math.max(0, seconds)
  if (whole && s < 60) return t('ui.duration.s', { n: Math.floor(s) })
  if (s < 1) return t('ui.duration.ms', { n: Math.round(s * 1000) })
  if (s < 10)
    return t('ui.duration.s', { n: formatNumber(Math.floor(s * 10) / 10, { minimumFractionDigits: 1 }) })
  if (s < 60) return t('ui.duration.s', { n: Math.floor(s) })
  if (s < 3600) return pair('m', s, 60)
  if (s < 86_400) return pair('h', s, 3600)
  return pair('d', s, 86_400)
}

const SMALLER = {
  m: { unit: 's', size: 1 },
  h: { unit: 'm', size: 60 },
  d: { unit: 'h', size: 3600 },
} as const

/** Two neighbouring units; the smaller one is left out when it is zero. */
function pair(unit: keyof typeof SMALLER, seconds: number, size: number): string {
  const { unit: below, size: belowSize } = SMALLER[unit]
  const whole = t(`ui.duration.${unit}`, { n: Math.floor(seconds / size) })
  const rest = Math.floor((seconds % size) / belowSize)
  return rest === 0 ? whole : t('ui.duration.two', { whole, rest: t(`ui.duration.${below}`, { n: rest }) })
}

/** The exact local time with its zone, for titles and tooltips. */
export function formatExact(time: string | Date): string {
  return dates({
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(new Date(time))
}

/** The local time of day with seconds, `14:03:22`. */
export function formatClock(time: string | Date): string {
  return dates({
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(time))
}

const STEPS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/**
 * `3 minutes ago`, `yesterday`, `just now`; `now` in milliseconds. In words of our own: the browser's cost every list
 * a pause, since making the first formatter of them takes longer than drawing ten rows.
 */
export function formatRelative(time: string | Date, now: number): string {
  const seconds = (new Date(time).getTime() - now) / 1000
  for (const [unit, size] of STEPS) {
    const count = Math.floor(Math.abs(seconds) / size)
    if (count > 0) return t(`ui.time.${seconds < 0 ? 'ago' : 'ahead'}.${unit}`, {}, count)
  }
  return t('ui.time.justNow')
}

/** The name of a script's language; one the page does not know yet stands for itself. */
export function languageName(language: string): string {
  return optional(`ui.language.${language}`) ?? language
}
