import { afterEach, expect, it } from 'vitest'
import { reactive } from 'vue'
import { speak } from '@/ui/i18n'
import type { BlackoutDraft } from './types'
import { copyOf, newWindow, troublesOf, weekdaysText, windowText } from './windows'

afterEach(() => speak('en'))

it.each([
  [[0, 1, 2, 3, 4, 5, 6], 'every day'],
  [[1, 2, 3, 4, 5], 'Mon–Fri'],
  [[0, 6], 'Sat, Sun'],
  [[5, 6, 0, 2], 'Tue, Fri–Sun'],
])('tells the days %j as %s', (days, text) => {
  expect(weekdaysText(days)).toBe(text)
})

it('tells windows in both languages', async () => {
  const hours = { type: 'hours', name: 'Night', weekdays: [1], start: '22:00', end: '06:00' } as const
  expect(windowText({ ...hours, weekdays: [1] }, 'UTC')).toBe('Mon, 22:00 to 06:00')
  expect(windowText({ type: 'dates', name: 'x', first: '2026-12-24', last: '2026-12-26' }, 'UTC')).toBe(
    '2026-12-24 to 2026-12-26',
  )
  await speak('zh-CN')
  expect(windowText({ ...hours, weekdays: [1] }, 'UTC')).toBe('周一，22:00 至 06:00')
})

it('makes windows that can be saved once they have a name', () => {
  const windows = (['dates', 'hours', 'between'] as const).map((type) => newWindow(type, 'Named'))
  expect(troublesOf({ name: 'Freeze', timezone: 'UTC', whole_project: false, windows })).toEqual({})
})

it.each<[Partial<BlackoutDraft>, string[]]>([
  [{ name: ' ' }, ['name']],
  [{ windows: [] }, ['windows']],
  [
    { windows: [{ type: 'dates', name: '', first: '2026-02-02', last: '2026-02-01' }] },
    ['windows.0.name', 'windows.0.end'],
  ],
  [
    { windows: [{ type: 'hours', name: 'x', weekdays: [], start: '01:00', end: '01:00' }] },
    ['windows.0.end', 'windows.0.weekdays'],
  ],
  [{ windows: [{ type: 'between', name: 'x', start: '2026-01-01T00:00:00Z', end: '' }] }, ['windows.0.end']],
])('says of %j what is wrong', (wrong, fields) => {
  const draft = {
    name: 'Freeze',
    timezone: 'UTC',
    whole_project: true,
    windows: [newWindow('dates', 'Day')],
    ...wrong,
  }
  expect(Object.keys(troublesOf(draft))).toEqual(fields)
})

it('copies windows of what was fetched, to be changed without it', () => {
  const fetched = reactive([newWindow('hours', 'Night'), newWindow('dates', 'Feast')])
  const [hours, dates] = copyOf(fetched)
  expect([hours, dates]).toEqual(fetched)
  if (hours?.type === 'hours') hours.weekdays.push(0)
  expect(fetched[0]).toHaveProperty('weekdays', [1, 2, 3, 4, 5])
})
