import { describe, expect, it } from 'vitest'
import { chartOf } from './outputChart'

describe('nothing to draw', () => {
  it.each([
    [null],
    ['text'],
    [7],
    [[]],
    [[1]],
    [{ name: 'x', count: 1 }],
    [[{ name: 'a' }, { name: 'b' }]],
    [[{ count: 1 }]],
    [[{ count: 1 }, { count: 'many' }]],
  ])('%j', (output) => {
    expect(chartOf(output)).toBeNull()
  })
})

it('draws a list of numbers along its places', () => {
  expect(chartOf([3, 1, 2])).toEqual({
    axis: { kind: 'category', values: [1, 2, 3] },
    series: [{ name: '', values: [3, 1, 2] }],
    suits: 'line',
  })
})

it('draws the numbers of an object as bars and leaves its words out', () => {
  expect(chartOf({ rows: 10, name: 'x', bad: 2 })).toEqual({
    axis: { kind: 'category', values: ['rows', 'bad'] },
    series: [{ name: '', values: [10, 2] }],
    suits: 'bar',
  })
})

it('lays rows along the first column of words', () => {
  const chart = chartOf([
    { region: 'EU', code: 'x', orders: 5, share: 0.5 },
    { region: 'US', code: 'y', orders: null, share: 0.2 },
  ])
  expect(chart?.axis).toEqual({ kind: 'category', values: ['EU', 'US'] })
  expect(chart?.series).toEqual([
    { name: 'orders', values: [5, null] },
    { name: 'share', values: [0.5, 0.2] },
  ])
  expect(chart?.suits).toBe('bar')
})

it('lays days along time, in their order only', () => {
  const days = (...names: string[]) => names.map((day, index) => ({ day, orders: index }))
  expect(chartOf(days('2026-01-01', '2026-01-02'))?.axis).toEqual({
    kind: 'time',
    values: [Date.parse('2026-01-01'), Date.parse('2026-01-02')],
  })
  expect(chartOf(days('2026-01-02', '2026-01-01'))?.axis.kind).toBe('category')
  expect(chartOf(days('2026-01-01', 'total'))?.axis.kind).toBe('category')
  expect(chartOf(days('2026', '2027'))?.axis.kind).toBe('category')
})

it('takes a first column that climbs for the axis where all are numbers', () => {
  expect(
    chartOf([
      [10, 1],
      [20, 4],
    ]),
  ).toEqual({
    axis: { kind: 'number', values: [10, 20] },
    series: [{ name: '2', values: [1, 4] }],
    suits: 'line',
  })
  expect(
    chartOf([
      [20, 1],
      [10, 4],
    ])?.series.map((one) => one.name),
  ).toEqual(['1', '2'])
})
