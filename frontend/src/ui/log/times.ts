export type TimeColumn = 'none' | 'clock' | 'elapsed'

const two = (value: number) => String(value).padStart(2, '0')

/** `14:03:22.120` in the reader's zone. Written out: a formatter per line would be felt while a log streams. */
export function clockOf(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return ''
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

/** `+0.120`, `+1:02.5`, `+3:01:02` since `start`. */
export function elapsedOf(time: string, start: string): string {
  const ms = Math.max(0, Date.parse(time) - Date.parse(start))
  if (Number.isNaN(ms)) return ''
  const s = ms / 1000
  if (s < 60) return `+${s.toFixed(3)}`
  const minutes = Math.floor(s / 60)
  if (minutes < 60)
    return `+${String(minutes)}:${two(Math.floor(s % 60))}.${String(Math.floor((ms % 1000) / 100))}`
  return `+${String(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(Math.floor(s % 60))}`
}
