import { type Segment, type Style, parseAnsi } from './ansi'
import type { LogLine } from './source'

/** A run of text that is drawn alike. */
export interface Piece {
  text: string
  style: Style
  hit: boolean
  href?: string
}

/** Longer lines are cut for display; the viewer offers the rest. */
export const LONGEST_SHOWN = 4000

const LINK = /\bhttps?:\/\/[^\s<>"'`\\^{|}]+[^\s<>"'`\\^{|}.,;:!?)\]]/g
const parsed = new WeakMap<LogLine, Segment[]>()

/** The styled segments of a line, parsed once. */
export function segmentsOf(line: LogLine): Segment[] {
  let segments = parsed.get(line)
  if (!segments) {
    segments = parseAnsi(line.text)
    parsed.set(line, segments)
  }
  return segments
}

/** Cut segments where links and hits of `query` (case ignored) begin and end; a hit may span segments. */
export function piecesOf(segments: readonly Segment[], query = '', limit = Infinity): Piece[] {
  const whole = segments.map((segment) => segment.text).join('')
  const shown = whole.length > limit ? whole.slice(0, limit) : whole
  const links = [...shown.matchAll(LINK)].map((found) => ({
    from: found.index,
    to: found.index + found[0].length,
  }))
  const hits = occurrences(shown, query)
  const cuts = new Set<number>([shown.length])
  for (const { from, to } of [...links, ...hits]) cuts.add(from).add(to)
  const order = [...cuts].sort((a, b) => a - b)
  const pieces: Piece[] = []
  let at = 0
  let next = 0
  for (const segment of segments) {
    const end = Math.min(at + segment.text.length, shown.length)
    while (at < end) {
      while ((order[next] ?? Infinity) <= at) next++
      const to = Math.min(end, order[next] ?? end)
      const link = links.find((one) => one.from <= at && to <= one.to)
      pieces.push({
        text: shown.slice(at, to),
        style: segment.style,
        hit: hits.some((one) => one.from <= at && to <= one.to),
        ...(link ? { href: shown.slice(link.from, link.to) } : {}),
      })
      at = to
    }
  }
  return pieces
}

export function occurrences(text: string, query: string): { from: number; to: number }[] {
  if (!query) return []
  const found: { from: number; to: number }[] = []
  const haystack = text.toLowerCase()
  const needle = query.toLowerCase()
  // Lower-casing changes the length of a few letters (İ); positions would then lie.
  if (haystack.length !== text.length) return []
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + needle.length)) {
    found.push({ from: at, to: at + needle.length })
  }
  return found
}
