import type { Text } from '@codemirror/state'
import type { Finding } from './api'

type Place = Finding['start']

/** The offset of a place that the server named; what lies outside is moved to the nearest end. */
export function offsetOf(doc: Text, place: Place): number {
  if (place.line < 1) return 0
  if (place.line > doc.lines) return doc.length
  const line = doc.line(place.line)
  return Math.min(line.to, line.from + Math.max(0, place.column - 1))
}

/** From where to where a finding is marked: at least one character, so that there is something to point at. */
export function rangeOf(doc: Text, finding: Pick<Finding, 'start' | 'end'>): { from: number; to: number } {
  const from = offsetOf(doc, finding.start)
  const to = Math.max(from, offsetOf(doc, finding.end))
  if (to > from) return { from, to }
  const line = doc.lineAt(from)
  if (from < line.to) return { from, to: from + 1 }
  return from > line.from ? { from: from - 1, to: from } : { from, to: from }
}
