import type { Comparison } from './types'

export interface Row {
  at: string
  kind: 'both' | 'here' | 'there'
  lateMs: number | null
}

/** Both lists and what they share, in the order of time; what differs is what matters, so it can stand alone. */
export function rowsOf(found: Comparison, onlyDifferences: boolean): Row[] {
  const rows: Row[] = [
    ...found.only_here.map((at) => ({ at, kind: 'here' as const, lateMs: null })),
    ...found.only_there.map((at) => ({ at, kind: 'there' as const, lateMs: null })),
  ]
  if (!onlyDifferences)
    rows.push(...found.matched.map((one) => ({ at: one.due_at, kind: 'both' as const, lateMs: one.late_ms })))
  return rows.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** Whether the other system did just what the job would have done. */
export const isSame = (found: Comparison): boolean =>
  found.matched_count > 0 && found.only_here_count === 0 && found.only_there_count === 0
