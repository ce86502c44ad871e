import type { LogLine } from '@/api/types'

export interface LastLines {
  lines: LogLine[]
  /** They are all from standard error. */
  errors: boolean
}

const MOST = 14

/**
 * The lines that most likely say why a run failed: the last block of standard error, or where it said nothing there
 * the last lines at all. Blank lines at the end say nothing.
 */
export function lastLines(tail: readonly LogLine[]): LastLines {
  const said = tail.filter((line) => line.stream !== 'system' && line.text.trim() !== '')
  const errors = said.filter((line) => line.stream === 'stderr')
  const chosen = errors.length > 0 ? errors : said
  return { lines: chosen.slice(-MOST), errors: errors.length > 0 }
}
