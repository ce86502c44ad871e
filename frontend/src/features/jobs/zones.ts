import { language } from '@/ui/i18n'

/** The zone of whoever looks at the page. */
export const myZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

let known: readonly string[] | undefined

/** Every zone that the browser knows, with UTC first. */
export function zones(): readonly string[] {
  known ??= ['UTC', ...Intl.supportedValuesOf('timeZone').filter((one) => one !== 'UTC')]
  return known
}

const made = new Map<string, Intl.DateTimeFormat>()

function format(zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value} ${zone ?? ''} ${JSON.stringify(options)}`
  let known = made.get(key)
  if (!known) {
    const spoken = language.value
    try {
      known = new Intl.DateTimeFormat(spoken, { ...options, ...(zone ? { timeZone: zone } : {}) })
    } catch {
      // The server knows a zone that this browser does not.
      known = new Intl.DateTimeFormat(spoken, { ...options, timeZone: 'UTC' })
    }
    made.set(key, known)
  }
  return known
}

/** `Mon, 24 Nov 2026, 09:00 GMT+8`: on the clock of a zone, or of whoever reads it. */
export function formatIn(time: string, zone?: string): string {
  const at = new Date(time)
  return format(zone, {
    weekday: 'short',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
    ...(at.getUTCSeconds() ? { second: '2-digit' } : {}),
  }).format(at)
}

/** `24 Nov, 09:00:00`: of this year, where the year goes without saying. */
export function formatDue(time: string, now = Date.now()): string {
  const at = new Date(time)
  return format(undefined, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(at.getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' }),
  }).format(at)
}

/** What a zone's clock shows against UTC now: `GMT+8`. */
export function offsetOf(zone: string): string {
  const parts = format(zone, { timeZoneName: 'shortOffset' }).formatToParts(new Date())
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
}

/** The zones that fit what was typed, the likely ones first; at most `most` of them. */
export function zonesLike(typed: string, most = 60): string[] {
  const wanted = typed.trim().toLowerCase().replaceAll(' ', '_')
  if (!wanted) return [...new Set([myZone(), ...zones()])].slice(0, most)
  const hits = zones().filter((zone) => zone.toLowerCase().includes(wanted))
  const starts = (zone: string) =>
    Number(
      !zone
        .toLowerCase()
        .split('/')
        .some((part) => part.startsWith(wanted)),
    )
  return hits.sort((a, b) => starts(a) - starts(b)).slice(0, most)
}

/** An instant as a picker of local time has it, and back. */
export function localOf(time: string): string {
  const at = new Date(time)
  if (Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function instantOf(local: string): string | null {
  const at = new Date(local)
  return local && !Number.isNaN(at.getTime()) ? at.toISOString() : null
}
