import { describe, expect, it } from 'vitest'
import { clockOf, elapsedOf } from './times'

const START = '2026-03-01T10:00:00Z'

describe('times of lines', () => {
  it.each([
    ['2026-03-01T10:00:00.120Z', '+0.120'],
    ['2026-03-01T10:00:59.999Z', '+59.999'],
    ['2026-03-01T10:01:02.500Z', '+1:02.5'],
    ['2026-03-01T13:01:02Z', '+3:01:02'],
    ['2026-03-01T09:00:00Z', '+0.000'],
    ['', ''],
  ])('%s', (time, expected) => {
    expect(elapsedOf(time, START)).toBe(expected)
  })

  it('writes the local time of day', () => {
    expect(clockOf('2026-03-01T10:20:30.004Z')).toMatch(/^\d\d:\d\d:30\.004$/)
    expect(clockOf('nonsense')).toBe('')
  })
})
