/** Lines picked in a log, both ends included; `from` ≤ `to`. */
export interface LineRange {
  from: number
  to: number
}

/** Read `#L120` or `#L120-L130` (also `#L120-130`); null for anything else. */
export function parseLineHash(hash: string): LineRange | null {
  const found = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash)
  if (!found) return null
  const one = Number(found[1])
  const other = Number(found[2] ?? found[1])
  if (one < 1 || other < 1) return null
  return { from: Math.min(one, other), to: Math.max(one, other) }
}

export function lineHash({ from, to }: LineRange): string {
  return from === to ? `#L${String(from)}` : `#L${String(from)}-L${String(to)}`
}
