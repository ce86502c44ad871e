import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref, type EffectScope } from 'vue'
import type { LogLine, LogSource, SearchPage } from './source'
import { MOST_HITS, useLogSearch } from './useLogSearch'

const STEP = 400

const line = (n: number, text = `line ${String(n)}`): LogLine => ({ n, t: '', stream: 'stdout', text })

/** A log of `total` lines whose every hundredth says "hit", searched 400 lines at a time. */
function fakeSource(start: number) {
  const log = { total: start, asked: [] as number[], fail: false }
  const source: LogSource = {
    page: () => Promise.reject(new Error('not asked for')),
    search(_q, after): Promise<SearchPage> {
      log.asked.push(after)
      if (log.fail) return Promise.reject(new Error('gone'))
      const scanned = Math.min(log.total, after + STEP)
      const items: { n: number }[] = []
      for (let n = after + 1; n <= scanned; n++) if (n % 100 === 0) items.push({ n })
      return Promise.resolve({ items, next: scanned < log.total ? scanned : null, scanned, total: log.total })
    },
  }
  return { log, source }
}

let scope: EffectScope

function opened(source: LogSource) {
  const revealed: number[] = []
  const search = scope.run(() => useLogSearch(ref(source), (n) => revealed.push(n)))
  if (!search) throw new Error('the scope is over')
  return { search, revealed }
}

async function look(search: ReturnType<typeof useLogSearch>, q: string) {
  search.query.value = q
  await vi.advanceTimersByTimeAsync(300)
}

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

describe('useLogSearch', () => {
  it('asks on until the whole log was looked through, and says how far it is', async () => {
    const { log, source } = fakeSource(1000)
    const { search, revealed } = opened(source)
    await look(search, 'hit')
    expect(log.asked).toEqual([0, 400, 800])
    expect(search.hits.value).toHaveLength(10)
    expect([search.looked.value, search.total.value, search.busy.value]).toEqual([1000, 1000, false])
    expect(revealed).toEqual([100])
  })

  it('starts at what is in view, and goes round', async () => {
    const { source } = fakeSource(1000)
    const { search, revealed } = opened(source)
    search.from.value = 650
    await look(search, 'hit')
    expect(search.hits.value[search.current.value]).toBe(700)
    search.step(-1)
    search.step(1)
    search.step(1)
    expect(revealed).toEqual([700, 600, 700, 800])
    expect(search.hits.value).toHaveLength(10)
    search.from.value = 1000
    await look(search, 'hits')
    expect(search.hits.value[search.current.value]).toBe(1000)
  })

  it('finds what is near first, and stops when there is too much of it', async () => {
    const lines = 100_000
    const asked: number[] = []
    const { search, revealed } = opened({
      page: () => Promise.reject(new Error('not asked for')),
      search: (_q, after, limit) => {
        asked.push(after)
        const scanned = Math.min(lines, after + limit)
        const items = Array.from({ length: scanned - after }, (_, at) => ({ n: after + at + 1 }))
        return Promise.resolve({ items, next: scanned < lines ? scanned : null, scanned, total: lines })
      },
    })
    search.from.value = 99_951
    await look(search, 'everything')
    expect(revealed).toEqual([99_951])
    expect(search.hits.value.at(-1)).toBe(lines)
    expect(search.hits.value[0]).toBe(lines - MOST_HITS + 1)
    expect([search.capped.value, search.looked.value]).toEqual([true, MOST_HITS])
    expect(asked.length).toBeLessThan(15)
    search.step(-1)
    expect(revealed.at(-1)).toBe(99_950)
  })

  it('says of nothing that it is nothing, whatever the length', async () => {
    const asked: number[] = []
    const { search, revealed } = opened({
      page: () => Promise.reject(new Error('not asked for')),
      search: (_q, after) => {
        asked.push(after)
        return Promise.resolve({ items: [], next: null, scanned: 5_000_000, total: 5_000_000 })
      },
    })
    search.from.value = 4_999_990
    await look(search, 'nothing')
    expect(revealed).toEqual([])
    expect([search.hits.value.length, search.looked.value, search.busy.value]).toEqual([0, 5_000_000, false])
    expect(asked.length).toBeLessThan(10)
  })

  it('tests lines that arrive', async () => {
    const { log, source } = fakeSource(100)
    const { search } = opened(source)
    await look(search, 'hit')
    search.heard([line(101, 'no'), line(102, 'a \u001b[31mH\u001b[0mit')])
    expect(search.hits.value).toEqual([100, 102])
    expect([search.looked.value, search.total.value]).toEqual([102, 102])
    expect(log.asked).toEqual([0])
  })

  it('asks for lines that were left out on their way', async () => {
    const { log, source } = fakeSource(100)
    const { search } = opened(source)
    await look(search, 'hit')
    log.total = 1001
    search.heard([line(999), line(1000)])
    search.heard([line(1001)])
    await vi.advanceTimersByTimeAsync(2500)
    expect(log.asked).toEqual([0, 100, 500, 900])
    expect(search.hits.value).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  })

  it('misses nothing that arrives while it looks', async () => {
    const { log, source } = fakeSource(400)
    const { search } = opened(source)
    const slow = source.search
    if (!slow) throw new Error('no search')
    source.search = async (...asked) => {
      const page = await slow(...asked)
      if (log.total === 400) {
        log.total = 500
        search.heard([line(500)])
      }
      return page
    }
    await look(search, 'hit')
    expect(search.hits.value).toEqual([100, 200, 300, 400, 500])
  })

  it('does not ask for ever for what the server does not know of', async () => {
    const { log, source } = fakeSource(100)
    const { search } = opened(source)
    await look(search, 'hit')
    search.heard([line(500)])
    await vi.advanceTimersByTimeAsync(2500)
    expect(log.asked).toEqual([0, 100])
    expect(search.busy.value).toBe(false)
  })

  it('says that it failed, and where', async () => {
    const { log, source } = fakeSource(1000)
    const { search } = opened(source)
    const working = source.search
    source.search = (...asked) => {
      log.fail = asked[1] >= 400
      return working?.(...asked) ?? Promise.reject(new Error('no search'))
    }
    await look(search, 'hit')
    expect(search.error.value).toBeInstanceOf(Error)
    expect([search.looked.value, search.hits.value.length, search.busy.value]).toEqual([400, 4, false])
  })

  it('reads pages of a log whose server has no search', async () => {
    const lines = Array.from({ length: 30 }, (_, at) => line(at + 1, at % 10 === 0 ? 'HIT' : 'no'))
    const { search } = opened({
      page: ({ after = 0 }) =>
        Promise.resolve({
          items: lines.slice(after, after + 12),
          next: after + 12 < 30 ? after + 12 : null,
          first: 1,
          last: 30,
        }),
    })
    await look(search, 'hit')
    expect(search.hits.value).toEqual([1, 11, 21])
    expect([search.looked.value, search.total.value]).toEqual([30, 30])
  })
})
