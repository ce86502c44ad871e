import { describe, expect, it } from 'vitest'
import { lineHash, parseLineHash } from './lineLink'

describe('line links', () => {
  it.each<[string, ReturnType<typeof parseLineHash>]>([
    ['#L120', { from: 120, to: 120 }],
    ['#L5-L9', { from: 5, to: 9 }],
    ['#L9-5', { from: 5, to: 9 }],
    ['#L0', null],
    ['#L', null],
    ['#L12x', null],
    ['#other', null],
    ['', null],
  ])('%s', (hash, expected) => {
    expect(parseLineHash(hash)).toEqual(expected)
  })

  it('writes what it reads', () => {
    expect(lineHash({ from: 3, to: 3 })).toBe('#L3')
    expect(parseLineHash(lineHash({ from: 3, to: 7 }))).toEqual({ from: 3, to: 7 })
  })
})
