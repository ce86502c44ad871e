import type { ChartAxis, ChartData, ChartSeries } from '@/ui/chart/chart'
import { shapeOf } from './outputShape'

const MOST_SERIES = 12
const LEAST_POINTS = 2
const ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/

export interface OutputChart extends ChartData {
  /** What reads best: lines along time or numbers, bars beside words. */
  suits: 'line' | 'bar'
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isNothing = (value: unknown) => value === null || value === undefined

/** A chart of a run's output, or null where there is nothing to draw: fewer than two points, or no numbers. */
export function chartOf(output: unknown): OutputChart | null {
  if (Array.isArray(output) && output.length >= LEAST_POINTS && output.every(isNumber)) {
    return {
      axis: { kind: 'category', values: output.map((_, index) => index + 1) },
      series: [{ name: '', values: output }],
      suits: 'line',
    }
  }
  const shape = shapeOf(output)
  if (shape.kind === 'pairs') {
    const pairs = shape.pairs.filter((pair): pair is [string, number] => isNumber(pair[1]))
    if (pairs.length < LEAST_POINTS) return null
    const values = pairs.map(([, value]) => value)
    return {
      axis: { kind: 'category', values: pairs.map(([key]) => key) },
      series: [{ name: '', values }],
      suits: 'bar',
    }
  }
  if (shape.kind !== 'table' || shape.rows.length < LEAST_POINTS) return null
  return tableChart(shape.columns, shape.rows)
}

function tableChart(columns: readonly string[], rows: readonly unknown[][]): OutputChart | null {
  const cells = columns.map((_, at) => rows.map((row) => row[at]))
  const isSeries = cells.map((cell) => cell.some(isNumber) && cell.every((v) => isNumber(v) || isNothing(v)))
  let axisAt = cells.findIndex((cell, at) => !isSeries[at] && cell.every((v) => typeof v === 'string'))
  // A table of numbers only: a first column that climbs is what the others are of.
  if (axisAt < 0 && isSeries.filter(Boolean).length > 1 && isSeries[0] && climbs(cells[0] ?? [])) axisAt = 0
  const series: ChartSeries[] = columns
    .map((name, at) => ({ name, at }))
    .filter(({ at }) => isSeries[at] && at !== axisAt)
    .slice(0, MOST_SERIES)
    .map(({ name, at }) => ({ name, values: (cells[at] ?? []).map((v) => (isNumber(v) ? v : null)) }))
  if (series.length === 0) return null
  const axis = axisOf(axisAt < 0 ? null : (cells[axisAt] ?? []), rows.length)
  return { axis, series, suits: axis.kind === 'category' && axisAt >= 0 ? 'bar' : 'line' }
}

function axisOf(cells: readonly unknown[] | null, count: number): ChartAxis {
  if (cells === null) return { kind: 'category', values: Array.from({ length: count }, (_, i) => i + 1) }
  if (cells.every(isNumber)) return { kind: 'number', values: cells }
  const times = cells.map((value) => (ISO.test(String(value)) ? Date.parse(String(value)) : Number.NaN))
  if (times.every((time) => Number.isFinite(time)) && climbs(times)) return { kind: 'time', values: times }
  return { kind: 'category', values: cells.map(String) }
}

/** Strictly rising numbers. */
function climbs(values: readonly unknown[]): boolean {
  return values.every((value, at) => {
    const before = values[at - 1]
    return isNumber(value) && (at === 0 || (isNumber(before) && value > before))
  })
}
