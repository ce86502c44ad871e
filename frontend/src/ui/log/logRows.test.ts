import { describe, expect, it, vi } from 'vitest'
import { FilteredLog } from './filteredLog'
import type { LogLine, LogPage, LogSource, PageQuery } from './source'
import { WholeLog } from './wholeLog'

/** A log of `last` lines whose every `everyErr`-th line is on stderr, answered in pages as the server does. */
function fakeSource(last: number, everyErr = 3) {
  const asked: PageQuery[] = []
  const line = (n: number): LogLine => ({
    n,
    t: '',
    stream: n % everyErr === 0 ? 'stderr' : 'stdout',
    text: `line ${String(n)}`,
  })
  const source: LogSource = {
    page(query) {
      asked.push(query)
      const limit = query.limit ?? query.tail ?? 100
      const items: LogLine[] = []
      let n = query.tail === undefined ? (query.after ?? 0) + 1 : Math.max(1, last - query.tail + 1)
      for (; n <= last && items.length < limit; n++) {
        const one = line(n)
        if (!query.stream || one.stream === query.stream) items.push(one)
      }
      const page: LogPage = { items, next: n <= last ? n - 1 : null, first: last ? 1 : 0, last }
      return Promise.resolve(page)
    },
  }
  return { source, asked, line }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5))
const hooks = () => ({ changed: vi.fn(), failed: vi.fn() })

describe('WholeLog', () => {
  it('opens at the tail with one request', async () => {
    const { source, asked } = fakeSource(1_000_000)
    const log = new WholeLog(source, hooks())
    await log.open()
    expect(log.count).toBe(1_000_000)
    expect(log.line(999_999)?.text).toBe('line 1000000')
    expect(asked).toEqual([{ tail: 500 }])
  })

  it('fetches what is looked at, once', async () => {
    const { source, asked } = fakeSource(1_000_000)
    const log = new WholeLog(source, hooks())
    await log.open()
    log.show(500_000, 500_060)
    log.show(500_001, 500_061)
    await settle()
    expect(log.line(500_010)?.n).toBe(500_011)
    expect(asked.slice(1).every((query) => (query.limit ?? 0) <= 512)).toBe(true)
    expect(asked.length).toBeLessThanOrEqual(3)
  })

  it('gives up what scrolled out of sight', async () => {
    const { source } = fakeSource(100_000)
    const signals: AbortSignal[] = []
    const slow: LogSource = {
      page: (query, signal) => {
        if (signal) signals.push(signal)
        return query.tail ? source.page(query) : new Promise(() => undefined)
      },
    }
    const log = new WholeLog(slow, hooks())
    await log.open()
    log.show(10, 50)
    log.show(50_000, 50_050)
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false])
  })

  it('takes live lines', async () => {
    const { source, line } = fakeSource(3)
    const seen = hooks()
    const log = new WholeLog(source, seen)
    await log.open()
    log.append([line(4), line(5)])
    expect(log.count).toBe(5)
    expect(log.line(4)?.n).toBe(5)
  })

  it('is empty for an empty log, and reports failures', async () => {
    const log = new WholeLog(fakeSource(0).source, hooks())
    await log.open()
    expect(log.count).toBe(0)
    const seen = hooks()
    let calls = 0
    const { source } = fakeSource(10_000)
    const broken: LogSource = {
      page: (query) => (calls++ === 0 ? source.page(query) : Promise.reject(new Error('gone'))),
    }
    const failing = new WholeLog(broken, seen)
    await failing.open()
    failing.show(0, 10)
    await settle()
    expect(seen.failed).toHaveBeenCalledOnce()
  })
})

describe('FilteredLog', () => {
  it('starts with the last lines of the stream', async () => {
    const log = new FilteredLog(fakeSource(10_000).source, 'stderr', hooks())
    await log.open(10_000)
    expect(log.count).toBeGreaterThanOrEqual(500)
    expect(log.numberAt(log.count - 1)).toBe(9999)
  })

  it('reaches the start without a gap or a double', async () => {
    const log = new FilteredLog(fakeSource(9000).source, 'stderr', hooks())
    await log.open(9000)
    for (let i = 0; i < 50 && log.numberAt(0) !== 3; i++) {
      log.show(0, 40)
      await settle()
    }
    const numbers = Array.from({ length: log.count }, (_, row) => log.numberAt(row))
    expect(numbers).toEqual(Array.from({ length: 3000 }, (_, i) => (i + 1) * 3))
  })

  it('finds few lines in a long log with few requests', async () => {
    const { source, asked } = fakeSource(1_000_000, 400_000)
    const log = new FilteredLog(source, 'stderr', hooks())
    await log.open(1_000_000)
    expect(Array.from({ length: log.count }, (_, row) => log.numberAt(row))).toEqual([400_000, 800_000])
    expect(asked.length).toBeLessThan(12)
  })

  it('does the sifting for a source that cannot', async () => {
    const { source } = fakeSource(30_000, 10_000)
    const plain: LogSource = {
      page: ({ after, tail, limit }) =>
        source.page({ ...(tail ? { tail } : { after: after ?? 0 }), limit: limit ?? 100 }),
    }
    const log = new FilteredLog(plain, 'stderr', hooks())
    await log.open(30_000)
    expect(Array.from({ length: log.count }, (_, row) => log.numberAt(row))).toEqual([10_000, 20_000, 30_000])
  })

  it('fetches lines that were left out when it grew too fast', async () => {
    const { source, line } = fakeSource(3000)
    const log = new FilteredLog(source, 'stderr', hooks())
    await log.open(999)
    const before = log.count
    log.append([line(2998), line(2999), line(3000)])
    expect(log.count).toBe(before)
    for (let tries = 0; tries < 5; tries++) {
      log.show(log.count - 40, log.count)
      await settle()
    }
    const numbers = Array.from({ length: log.count }, (_, row) => log.numberAt(row))
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => (i + 1) * 3))
    log.append([line(3001), line(3003)])
    expect(log.numberAt(log.count - 1)).toBe(3003)
  })

  it('appends only its own stream, and finds the nearest row', async () => {
    const { source, line } = fakeSource(9)
    const log = new FilteredLog(source, 'stderr', hooks())
    await log.open(9)
    log.append([line(10), line(11), line(12)])
    expect(Array.from({ length: log.count }, (_, row) => log.numberAt(row))).toEqual([3, 6, 9, 12])
    expect(log.rowOf(7)).toBe(2)
    expect(log.rowOf(99)).toBe(3)
  })
})
