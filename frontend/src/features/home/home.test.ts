import { describe, expect, it } from 'vitest'
import { bars, byState, change } from './home'

it('tells states that occur, what needs eyes first', () => {
  expect(byState({ succeeded: 7, failed: 2, running: 1, lost: 0 })).toEqual([
    { state: 'failed', count: 2 },
    { state: 'running', count: 1 },
    { state: 'succeeded', count: 7 },
  ])
})

describe('bars', () => {
  const hour = (succeeded: number, failed: number, other: number) => ({ hour: 'h', succeeded, failed, other })

  it('stack to the height of the fullest hour', () => {
    const [full, half] = bars([hour(6, 2, 2), hour(5, 0, 0)], 20)
    expect(full?.parts).toEqual([
      { kind: 'succeeded', y: 8, height: 12 },
      { kind: 'other', y: 4, height: 4 },
      { kind: 'failed', y: 0, height: 4 },
    ])
    expect(half?.parts).toEqual([{ kind: 'succeeded', y: 10, height: 10 }])
    expect(half?.x).toBe(1)
  })

  it('show one failure among thousands, and nothing where nothing ran', () => {
    const [busy, idle] = bars([hour(5000, 1, 0), hour(0, 0, 0)], 20)
    expect(busy?.parts.at(-1)).toEqual({ kind: 'failed', y: 0, height: 1.5 })
    expect(idle?.parts).toEqual([])
  })
})

it.each([
  [0.95, 0.9, 5],
  [0.5, null, null],
  [null, 0.5, null],
])('from %s and %s the change is %s points', (now, before, points) => {
  const found = change(now, before)
  expect(found === null ? null : Math.round(found * 1e6) / 1e6).toBe(points)
})
