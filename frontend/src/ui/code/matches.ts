import type { SearchQuery } from '@codemirror/search'
import type { EditorState } from '@codemirror/state'

const MOST = 999

export interface Matches {
  /** Which one is selected, from 1; 0 if none is. */
  at: number
  total: number
  /** There are more than were counted. */
  more: boolean
}

/** Count what a valid query finds, up to a thousand, and tell which match is selected. */
export function countMatches(state: EditorState, query: SearchQuery): Matches {
  const { from, to } = state.selection.main
  const cursor = query.getCursor(state)
  let at = 0
  let total = 0
  for (let next = cursor.next(); !next.done; next = cursor.next()) {
    if (total === MOST) return { at, total, more: true }
    total += 1
    if (next.value.from === from && next.value.to === to) at = total
  }
  return { at, total, more: false }
}
