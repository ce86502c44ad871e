import { expect, it } from 'vitest'
import { dayOf, daysOf, grouped, startOf, stepped, stretchOf, together, toneOf, type View } from './days'
import type { CalendarItem } from './types'

const on = (day: string) => startOf(day)

it.each<[View, string, number, string, string]>([
  ['day', '2026-11-22', 1, '2026-11-22', '2026-11-22'],
  ['week', '2026-11-22', 7, '2026-11-16', '2026-11-22'],
  ['week', '2026-11-23', 7, '2026-11-23', '2026-11-29'],
  ['month', '2026-11-22', 42, '2026-10-26', '2026-12-06'],
  ['month', '2027-02-10', 28, '2027-02-01', '2027-02-28'],
])('a %s around %s has %i days', (view, day, count, first, last) => {
  const days = daysOf(view, on(day))
  expect([days.length, days[0], days.at(-1)]).toEqual([count, first, last])
})

it.each<[View, string, -1 | 1, string]>([
  ['month', '2026-01-31', 1, '2026-02-28'],
  ['month', '2026-01-15', -1, '2025-12-15'],
  ['week', '2026-12-28', 1, '2027-01-04'],
  ['day', '2026-03-01', -1, '2026-02-28'],
])('one %s from %s by %i is %s', (view, day, by, next) => {
  expect(stepped(view, on(day), by)).toBe(next)
})

it('asks from the first midnight to the one after the last day', () => {
  const { from, to } = stretchOf(daysOf('week', on('2026-11-22')))
  expect([dayOf(new Date(from)), dayOf(new Date(to))]).toEqual(['2026-11-16', '2026-11-23'])
})

it('takes today for what is no day', () => {
  const now = new Date(2026, 4, 5, 6)
  expect(['', 'x', '2026-1-1'].map((day) => dayOf(startOf(day, now)))).toEqual(Array(3).fill('2026-05-05'))
})

const item = (at: string, more: Partial<CalendarItem> = {}): CalendarItem => ({
  job_id: 'j',
  job_name: 'Job',
  trigger_id: 't',
  at,
  until: at,
  count: 1,
  kind: 'due',
  outcome: null,
  name: '',
  run_id: null,
  run_state: null,
  ...more,
})

it('puts items together in the order of their times', () => {
  const early = item(new Date(2026, 0, 1, 8).toISOString())
  const late = item(new Date(2026, 0, 1, 20).toISOString())
  const other = item(new Date(2026, 0, 2, 0).toISOString())
  const found = grouped([other, late, early], dayOf)
  expect([...found]).toEqual([
    ['2026-01-01', [early, late]],
    ['2026-01-02', [other]],
  ])
})

it.each([
  [{}, 'due'],
  [{ outcome: 'blackout' }, 'warn'],
  [{ kind: 'slot', outcome: 'missed' }, 'late'],
  [{ kind: 'slot', outcome: 'coalesced' }, 'quiet'],
  [{ kind: 'ran', run_state: 'succeeded' }, 'good'],
  [{ kind: 'ran', run_state: 'lost' }, 'bad'],
  [{ kind: 'ran', run_state: 'timed_out' }, 'late'],
  [{ kind: 'ran', run_state: null }, 'quiet'],
] as [Partial<CalendarItem>, string][])('tells %j as %s', (more, tone) => {
  expect(toneOf(item('2026-01-01T00:00:00Z', more))).toBe(tone)
})

const at = (hour: number, minute: number) => new Date(2026, 0, 1, hour, minute).toISOString()
const quarter = (minute: number, more: Partial<CalendarItem> = {}) =>
  item(at(8, minute), { until: at(8, minute + 14), count: 15, ...more })
const told = (items: readonly CalendarItem[], apart = 4) =>
  together(items, apart).map((one) => [
    one.job_id,
    one.at,
    one.until,
    one.count,
    one.every_s ?? 0,
    one.run_id,
  ])

it('tells two jobs that take turns every minute as two lines', () => {
  const other = { job_id: 'k', job_name: 'Another', trigger_id: 'u' }
  const items = [0, 15, 30, 45].flatMap((minute) => [
    quarter(minute, { run_id: 'r' }),
    quarter(minute, other),
  ])
  expect(told(items)).toEqual([
    ['k', at(8, 0), at(8, 59), 60, 60, null],
    ['j', at(8, 0), at(8, 59), 60, 60, null],
  ])
})

it('keeps apart what fared otherwise, and says no distance where it is not always the same', () => {
  const broken = item(at(8, 20), { outcome: 'missed', kind: 'slot' })
  const gap = [quarter(0), quarter(30), broken]
  expect(told(gap)).toEqual([
    ['j', at(8, 0), at(8, 44), 30, 0, null],
    ['j', at(8, 20), at(8, 20), 1, 0, null],
  ])
  const two = [quarter(0), quarter(15, { trigger_id: 'other' })]
  expect(told(two)).toEqual([['j', at(8, 0), at(8, 29), 30, 0, null]])
})

it('leaves what comes now and then as it is', () => {
  const four = [0, 15, 30, 45].map((minute) => item(at(8, minute), { run_id: `r${minute}` }))
  expect(told(four)).toEqual(four.map((one) => ['j', one.at, one.until, 1, 0, one.run_id]))
  expect(told(four, 3)).toEqual([['j', at(8, 0), at(8, 45), 4, 900, null]])
})
