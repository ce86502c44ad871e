import { expect, it } from 'vitest'
import type { UsageSeries } from '@/api/types'
import { chartsOf } from './usageCharts'

const NAMES = { read: 'Read', written: 'Written' }
const point = (at_s: number, over: Partial<UsageSeries['points'][number]> = {}) => ({
  at_s,
  span_s: 2,
  cpu: null,
  memory_bytes: null,
  read_bytes: null,
  written_bytes: null,
  processes: null,
  ...over,
})
const series = (
  points: UsageSeries['points'],
  started_at: string | null = '2026-01-01T00:00:00Z',
): UsageSeries => ({
  attempt: 1,
  started_at,
  step_s: 2,
  complete: false,
  points,
})

it('needs two points to draw a line', () => {
  expect(chartsOf(series([]), NAMES)).toEqual([])
  expect(chartsOf(series([point(2, { cpu: 1 })]), NAMES)).toEqual([])
})

it('leaves out what was never measured', () => {
  const charts = chartsOf(series([point(2, { cpu: 1 }), point(4, { memory_bytes: 5 })]), NAMES)
  expect(charts.map((chart) => chart.name)).toEqual(['cpu', 'memory'])
  expect(charts[0]?.data.series[0]?.values).toEqual([1, null])
})

it('lays points along the time of day, or along seconds where the start is unknown', () => {
  const points = [point(2, { cpu: 1 }), point(4, { cpu: 0 })]
  const began = Date.parse('2026-01-01T00:00:00Z')
  expect(chartsOf(series(points), NAMES)[0]?.data.axis).toEqual({
    kind: 'time',
    values: [began + 2000, began + 4000],
  })
  expect(chartsOf(series(points, null), NAMES)[0]?.data.axis).toEqual({ kind: 'number', values: [2, 4] })
})

it('tells what was read and written by the second', () => {
  const [io] = chartsOf(
    series([point(2, { read_bytes: 100 }), point(4, { read_bytes: 0, written_bytes: 7 })]),
    NAMES,
  )
  expect(io?.name).toBe('io')
  expect(io?.data.series).toEqual([
    { name: 'Read', values: [50, 0] },
    { name: 'Written', values: [null, 3.5] },
  ])
})
