import { describe, expect, it } from 'vitest'
import { formatDue, formatIn, instantOf, localOf, zones, zonesLike } from './zones'

describe('time zones', () => {
  it('are found by a part of their name, those that begin so first', () => {
    expect(zonesLike('shang')[0]).toBe('Asia/Shanghai')
    expect(zonesLike('new york')).toContain('America/New_York')
    expect(zonesLike('nowhere at all')).toEqual([])
    expect(zones()[0]).toBe('UTC')
    expect(zonesLike('', 5)).toHaveLength(5)
  })

  it('show the time on their own clock', () => {
    const at = '2026-11-24T01:00:00Z'
    expect(formatIn(at, 'Asia/Shanghai')).toContain('09:00')
    expect(formatIn(at, 'UTC')).toContain('01:00')
    expect(formatIn('2026-11-24T01:00:07Z', 'UTC')).toContain('01:00:07')
    // A zone that the browser does not know is better told in UTC than not at all.
    expect(formatIn(at, 'Mars/Olympus')).toContain('01:00')
  })

  it('leave out the year that goes without saying', () => {
    const now = Date.UTC(2026, 5, 1)
    expect(formatDue('2026-03-01T12:00:00Z', now)).not.toContain('2026')
    expect(formatDue('2025-03-01T12:00:00Z', now)).toContain('2025')
  })
})

describe('a picker of local time', () => {
  it('gives the instant back that it was given', () => {
    const at = '2026-03-29T12:34:00.000Z'
    expect(instantOf(localOf(at))).toBe(at)
    expect(instantOf('')).toBeNull()
    expect(instantOf('soon')).toBeNull()
    expect(localOf('soon')).toBe('')
  })
})
