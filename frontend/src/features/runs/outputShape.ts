/** How a run's output is best looked at. */
export type OutputShape =
  | { kind: 'none' }
  | { kind: 'table'; columns: string[]; rows: unknown[][]; total: number }
  | { kind: 'pairs'; pairs: [string, unknown][] }
  | { kind: 'value'; value: unknown }

export const MOST_ROWS = 500
const MOST_COLUMNS = 50

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A list of objects (or of equal lists) is a table, an object is pairs, anything else is itself. */
export function shapeOf(output: unknown): OutputShape {
  if (output === null || output === undefined) return { kind: 'none' }
  if (Array.isArray(output) && output.length > 0) {
    const shown = output.slice(0, MOST_ROWS)
    if (output.every(isObject)) {
      const columns = [...new Set(shown.flatMap((row) => Object.keys(row as object)))].slice(0, MOST_COLUMNS)
      const rows = shown.map((row) => columns.map((column) => (row as Record<string, unknown>)[column]))
      return { kind: 'table', columns, rows, total: output.length }
    }
    const width = Array.isArray(output[0]) ? output[0].length : 0
    if (width > 0 && output.every((row) => Array.isArray(row) && row.length === width)) {
      const columns = Array.from({ length: Math.min(width, MOST_COLUMNS) }, (_, i) => String(i + 1))
      return { kind: 'table', columns, rows: shown as unknown[][], total: output.length }
    }
  }
  if (isObject(output) && Object.keys(output).length > 0)
    return { kind: 'pairs', pairs: Object.entries(output) }
  return { kind: 'value', value: output }
}

/** A cell in one line; nested values as JSON. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
