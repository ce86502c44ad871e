/** What a chart shows: one axis of places, and series that have a value (or none) at each of them. */
export interface ChartAxis {
  /** `time` values are milliseconds, `number` values numbers, `category` values words. */
  kind: 'category' | 'time' | 'number'
  values: readonly (string | number)[]
}

export interface ChartSeries {
  name: string
  values: readonly (number | null)[]
}

export type ChartKind = 'line' | 'area' | 'bar'

export interface ChartData {
  axis: ChartAxis
  series: readonly ChartSeries[]
  /** The smallest step between two lines of the values' axis. */
  step?: number
}

/** Colours and type of the page as they are now; a canvas can't read CSS variables by itself. */
export interface ChartLook {
  palette: readonly string[]
  ink: string
  faint: string
  line: string
  ground: string
  font: string
}

export const PALETTE_SIZE = 6

export function lookOf(style: CSSStyleDeclaration): ChartLook {
  const read = (name: string) => style.getPropertyValue(name).trim()
  return {
    palette: Array.from({ length: PALETTE_SIZE }, (_, i) => read(`--ry-chart-${String(i + 1)}`)),
    ink: read('--ry-text'),
    faint: read('--ry-text-3'),
    line: read('--ry-line'),
    ground: read('--ry-bg'),
    font: read('--ry-font'),
  }
}

const AXIS_TYPES = { category: 'category', time: 'time', number: 'value' } as const
/** Beyond this many points a symbol on each is a smear. */
const MOST_SYMBOLS = 40

/** The options of ECharts for some data in a look. `format` writes the values of the series. */
export function optionsOf(
  data: ChartData,
  kind: ChartKind,
  look: ChartLook,
  format: (value: number) => string,
): Record<string, unknown> {
  const { axis, series } = data
  const text = { color: look.faint, fontFamily: look.font, fontSize: 12 }
  const isBare = axis.values.length > MOST_SYMBOLS
  return {
    animation: false,
    color: look.palette,
    textStyle: { fontFamily: look.font },
    grid: { left: 8, right: 16, top: series.length > 1 ? 36 : 14, bottom: 6, containLabel: true },
    legend:
      series.length > 1 ? { type: 'scroll', top: 4, left: 4, textStyle: text, icon: 'roundRect' } : undefined,
    tooltip: {
      trigger: 'axis',
      // Drawn on the canvas: the page's security policy refuses markup with styles in it.
      renderMode: 'richText',
      backgroundColor: look.ground,
      borderColor: look.line,
      textStyle: { color: look.ink, fontFamily: look.font, fontSize: 12 },
      valueFormatter: (value: unknown) => (typeof value === 'number' ? format(value) : '–'),
    },
    xAxis: {
      type: AXIS_TYPES[axis.kind],
      ...(axis.kind === 'category' ? { data: axis.values.map(String) } : {}),
      ...(axis.kind === 'number' ? { scale: true } : {}),
      axisLabel: { ...text, hideOverlap: true },
      axisLine: { lineStyle: { color: look.line } },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      minInterval: data.step ?? 0,
      axisLabel: { ...text, formatter: format },
      splitLine: { lineStyle: { color: look.line } },
    },
    series: series.map((one) => ({
      name: one.name,
      type: kind === 'bar' ? 'bar' : 'line',
      barMaxWidth: 36,
      showSymbol: !isBare && kind === 'line',
      symbolSize: 5,
      lineStyle: { width: 2 },
      ...(kind === 'area' ? { areaStyle: { opacity: 0.16 } } : {}),
      data:
        axis.kind === 'category' ? one.values : one.values.map((value, index) => [axis.values[index], value]),
    })),
  }
}
