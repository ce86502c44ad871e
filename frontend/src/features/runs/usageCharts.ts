import type { UsageSeries } from '@/api/types'
import type { ChartData } from '@/ui/chart/chart'

export const CHARTS = ['cpu', 'memory', 'io', 'processes'] as const
export interface UsageChart {
  name: (typeof CHARTS)[number]
  data: ChartData
}

type Point = UsageSeries['points'][number]

/** Names of the series of a chart, in the page's language. */
export interface SeriesNames {
  read: string
  written: string
}

/** The charts that a series gives: what was never measured has none, and one point is no line. */
export function chartsOf(series: UsageSeries, names: SeriesNames): UsageChart[] {
  const { points, started_at: started } = series
  if (points.length < 2) return []
  const from = started === null ? null : Date.parse(started)
  const axis = {
    kind: from === null ? 'number' : 'time',
    values: points.map((point) => (from === null ? point.at_s : from + point.at_s * 1000)),
  } as const
  const line = (name: string, read: (point: Point) => number | null) => ({ name, values: points.map(read) })
  const all: UsageChart[] = [
    { name: 'cpu', data: { axis, step: 0.01, series: [line('', (point) => point.cpu)] } },
    { name: 'memory', data: { axis, step: 1000, series: [line('', (point) => point.memory_bytes)] } },
    {
      name: 'io',
      data: {
        axis,
        step: 1000,
        series: [
          line(names.read, (point) => rate(point.read_bytes, point.span_s)),
          line(names.written, (point) => rate(point.written_bytes, point.span_s)),
        ],
      },
    },
    { name: 'processes', data: { axis, step: 1, series: [line('', (point) => point.processes)] } },
  ]
  return all.filter(({ data }) => data.series.some((one) => one.values.some((value) => value !== null)))
}

function rate(bytes: number | null, seconds: number): number | null {
  return bytes === null || seconds <= 0 ? null : bytes / seconds
}
