import { describe, expect, it } from 'vitest'
import { LineCache } from './lineCache'
import type { LogLine } from './source'

const line = (n: number, text = `line ${String(n)}`): LogLine => ({ n, t: '', stream: 'stdout', text })
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i))
const make = (last: number, limits = {}) => {
  const cache = new LineCache({ blockSize: 10, maxBlocks: 4, maxChars: 1e9, ...limits })
  cache.bound(1, last)
  return cache
}

describe('LineCache', () => {
  it('asks for whole blocks that are not there', () => {
    const cache = make(100)
    expect(cache.missing(15, 25)).toEqual([
      { after: 10, limit: 10 },
      { after: 20, limit: 10 },
    ])
  })

  it('asks for nothing that is there, and only for the hole of a part block', () => {
    const cache = make(100)
    cache.put(lines(11, 20))
    cache.put(lines(28, 30))
    expect(cache.missing(12, 18)).toEqual([])
    expect(cache.missing(15, 25)).toEqual([{ after: 20, limit: 7 }])
    expect(cache.missing(29, 30)).toEqual([])
  })

  it('stays within the bounds of the log', () => {
    const cache = make(14)
    expect(cache.missing(1, 99)).toEqual([
      { after: 0, limit: 10 },
      { after: 10, limit: 4 },
    ])
    cache.bound(5, 14)
    expect(cache.missing(1, 9)).toEqual([{ after: 4, limit: 6 }])
    expect(make(0).missing(1, 50)).toEqual([])
  })

  it('grows at the end as lines arrive', () => {
    const cache = make(10)
    cache.put([line(11), line(12)])
    expect(cache.last).toBe(12)
    cache.bound(1, 5)
    expect(cache.last).toBe(12)
  })

  it('drops the least recently looked at block', () => {
    const cache = make(1000)
    for (let block = 0; block < 4; block++) cache.put(lines(block * 10 + 1, block * 10 + 10))
    cache.touch(1, 10)
    cache.put(lines(41, 50))
    expect(cache.size).toBe(4)
    expect(cache.get(5)?.n).toBe(5)
    expect(cache.get(15)).toBeUndefined()
  })

  it('weighs long lines', () => {
    const cache = make(1000, { maxBlocks: 100, maxChars: 2_500 })
    for (let n = 1; n <= 91; n += 10) cache.put([line(n, 'x'.repeat(1000))])
    expect(cache.size).toBe(2)
    expect(cache.get(91)?.text.length).toBe(1000)
  })

  it('keeps a constant size over a million lines', () => {
    const cache = new LineCache()
    for (let n = 1; n <= 1_000_000; n += 1000) cache.put(lines(n, n + 999))
    expect(cache.last).toBe(1_000_000)
    expect(cache.size).toBeLessThanOrEqual(48)
    expect(cache.get(1_000_000)?.n).toBe(1_000_000)
    expect(cache.get(1)).toBeUndefined()
  })

  it('does not ask again for lines that the server left out', () => {
    const cache = make(10)
    cache.settle({ after: 0, limit: 10 }, [line(1), line(2), line(7), line(10)])
    expect(cache.missing(1, 10)).toEqual([])
    expect(cache.get(5)?.text).toBe('')
  })

  it('asks again for what a short page did not reach', () => {
    const cache = make(10)
    cache.settle({ after: 0, limit: 10 }, lines(1, 6))
    expect(cache.missing(1, 10)).toEqual([{ after: 6, limit: 4 }])
  })
})
