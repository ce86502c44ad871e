import { expect, it } from 'vitest'
import { sinceOf } from './spans'

const now = Date.parse('2026-03-10T12:34:56.789Z')

it.each([
  ['1h', '2026-03-10T11:34:00.000Z'],
  ['1d', '2026-03-09T12:34:00.000Z'],
  ['30d', '2026-02-08T12:34:00.000Z'],
  ['2d', undefined],
  ['', undefined],
  [undefined, undefined],
])('%s', (span, since) => {
  expect(sinceOf(span, now)).toBe(since)
})
