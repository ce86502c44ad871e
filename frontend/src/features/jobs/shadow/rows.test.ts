import { expect, it } from 'vitest'
import { isSame, rowsOf } from './rows'
import type { Comparison } from './types'

const found: Comparison = {
  matched: [{ due_at: '2026-01-01T02:00:00Z', seen_at: '2026-01-01T02:00:04Z', late_ms: 4000 }],
  matched_count: 1,
  only_here: ['2026-01-01T03:00:00Z'],
  only_here_count: 1,
  only_there: ['2026-01-01T01:00:00Z'],
  only_there_count: 1,
  late_ms: 4000,
  latest_ms: 4000,
  unread: 0,
}

it('puts all in the order of time, and the differences alone if asked', () => {
  expect(rowsOf(found, false).map((row) => row.kind)).toEqual(['there', 'both', 'here'])
  expect(rowsOf(found, true).map((row) => row.kind)).toEqual(['there', 'here'])
})

it.each([
  [{}, false],
  [{ only_here_count: 0, only_there_count: 0 }, true],
  [{ only_here_count: 0, only_there_count: 0, matched_count: 0 }, false],
])('is the same with %j: %s', (more, same) => {
  expect(isSame({ ...found, ...more })).toBe(same)
})
