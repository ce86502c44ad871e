import { expect, it } from 'vitest'
import { busiest, loadChart } from './load'

const hour = (at: string, used: number) => ({ at, runs: 1, busy_s: used * 3600, slots_used: used })
const hours = [
  hour('2026-01-01T00:00:00Z', 0.5),
  hour('2026-01-01T01:00:00Z', 2),
  hour('2026-01-01T02:00:00Z', 2),
]

it('finds the first of the busiest hours, and none where nothing is to be done', () => {
  expect(busiest(hours)).toBe(hours[1])
  expect(busiest([hour('2026-01-01T00:00:00Z', 0)])).toBeNull()
})

it('draws what is used beside what there is', () => {
  const { axis, series } = loadChart(
    { hours, capacity_slots: 4, capped: false },
    { used: 'u', capacity: 'c' },
  )
  expect(axis.values[1]).toBe(Date.parse('2026-01-01T01:00:00Z'))
  expect(series).toEqual([
    { name: 'u', values: [0.5, 2, 2] },
    { name: 'c', values: [4, 4, 4] },
  ])
})
