import { expect, it } from 'vitest'
import { dayOf, daysOf, grouped, startOf, stepped, stretchOf, toneOf, type View } from './days'
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
