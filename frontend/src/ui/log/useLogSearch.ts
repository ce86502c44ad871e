import { useDebounceFn } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { plainText } from './ansi'
import type { LogLine, LogSource, SearchPage } from './source'

/** More hits than this are not listed: the count then reads "10,000+". */
export const MOST_HITS = 10_000
const PAGE = 1000
/** How many lines above the view are looked through first; more of them while little is found. */
const WINDOW = 2000
const PAUSE_MS = 220
const GO_ON_MS = 1000

type Look = (after: number) => Promise<SearchPage>

/**
 * Find text in the whole log, also in lines that are not at hand; steps through the hits in order. It begins in view,
 * goes on to the end and then upwards, so that hits nearby come first. `looked` of `total` lines have been searched:
 * the server looks at a bounded part at a time.
 */
export function useLogSearch(source: MaybeRefOrGetter<LogSource | null>, reveal: (n: number) => void) {
  const query = ref('')
  const hits = shallowRef<readonly number[]>([])
  const current = ref(-1)
  const busy = ref(false)
  /** What has been looked through: the lines with `low` < n ≤ `high`. */
  const low = ref(0)
  const high = ref(0)
  const looked = computed(() => high.value - low.value)
  const total = ref(0)
  const error = shallowRef<unknown>(null)
  const capped = computed(() => hits.value.length >= MOST_HITS)
  let abort = new AbortController()
  /** The last line that was heard of: it may be beyond what there was when the search came to its end. */
  let newest = 0

  async function run(from: number): Promise<void> {
    abort.abort()
    abort = new AbortController()
    hits.value = []
    current.value = -1
    total.value = 0
    low.value = high.value = Math.max(0, from - 1)
    await through(abort.signal)
  }

  /** Look through what has not been looked at. */
  async function through(signal: AbortSignal): Promise<void> {
    const log = toValue(source)
    const q = query.value
    error.value = null
    busy.value = Boolean(q && log)
    if (!q || !log) return
    const search = log.search ?? readThrough(log)
    const look: Look = async (after) => {
      const page = await search(q, after, PAGE, signal)
      signal.throwIfAborted()
      total.value = Math.max(page.total, newest)
      return page
    }
    try {
      await downwards(look)
      await upwards(look)
    } catch (problem) {
      if (!signal.aborted) error.value = problem
    } finally {
      if (!signal.aborted) busy.value = false
    }
  }

  async function downwards(look: Look): Promise<void> {
    let before: number
    do {
      before = high.value
      for (let after: number | null = high.value; after !== null && !capped.value;) {
        const page: SearchPage = await look(after)
        high.value = Math.max(high.value, page.scanned)
        hits.value = [...hits.value, ...page.items.map((item) => item.n)]
        if (current.value < 0) go(0)
        after = page.next !== null && page.next > after ? page.next : null
      }
      // Not for ever: what the server does not know of yet is heard of again.
    } while (newest > high.value && high.value > before && !capped.value)
  }

  async function upwards(look: Look): Promise<void> {
    for (let step = WINDOW; low.value > 0 && !capped.value;) {
      const from = Math.max(0, low.value - step)
      const found: number[] = []
      for (let after: number | null = from; after !== null && after < low.value;) {
        const page: SearchPage = await look(after)
        found.push(...page.items.map((item) => item.n).filter((n) => n <= low.value))
        after = page.next !== null && page.next > after ? page.next : null
      }
      const surplus = Math.max(0, found.length + hits.value.length - MOST_HITS)
      found.splice(0, surplus)
      low.value = surplus ? (found[0] ?? low.value + 1) - 1 : from
      hits.value = [...found, ...hits.value]
      if (current.value >= 0) current.value += found.length
      else go(found.length - 1)
      if (found.length * 4 < PAGE) step *= 4
    }
  }

  function go(index: number): void {
    const n = hits.value[index]
    if (n === undefined) return
    current.value = index
    reveal(n)
  }

  function step(by: 1 | -1): void {
    const count = hits.value.length
    if (count) go((current.value + by + count) % count)
  }

  /** At most once in a while: in a flood there is always more. */
  let waiting: ReturnType<typeof setTimeout> | undefined
  function goOn(): void {
    waiting ??= setTimeout(() => {
      waiting = undefined
      if (query.value && !busy.value && !capped.value) void through(abort.signal)
    }, GO_ON_MS)
  }

  /** Lines that arrived while a search stands. */
  function heard(lines: readonly LogLine[]): void {
    newest = Math.max(newest, lines.at(-1)?.n ?? 0)
    if (!query.value || busy.value || capped.value || error.value) return
    if ((lines[0]?.n ?? 0) > high.value + 1) {
      // Some were left out on their way here.
      goOn()
      return
    }
    const needle = query.value.toLowerCase()
    const fresh = lines.filter((line) => line.n > high.value && shown(line).includes(needle))
    high.value = Math.max(high.value, lines.at(-1)?.n ?? 0)
    total.value = Math.max(total.value, high.value)
    if (fresh.length) hits.value = [...hits.value, ...fresh.map((line) => line.n)]
  }

  const from = ref(1)
  const later = useDebounceFn(() => run(from.value), PAUSE_MS)
  watch(query, (now) => void (now ? later() : run(1)))
  watch(
    () => toValue(source),
    () => {
      newest = 0
      void run(1)
    },
  )
  onScopeDispose(() => {
    clearTimeout(waiting)
    abort.abort()
  })

  return { query, hits, current, busy, looked, total, capped, error, from, step, heard }
}

function shown(line: LogLine): string {
  return plainText(line.text).toLowerCase()
}

/** A search for logs whose server has none: reads page by page. */
function readThrough(log: LogSource): NonNullable<LogSource['search']> {
  return async (q, after, limit, signal) => {
    const page = await log.page({ after, limit }, signal)
    const needle = q.toLowerCase()
    const items = page.items.filter((line) => shown(line).includes(needle))
    return { items, next: page.next, scanned: page.items.at(-1)?.n ?? after, total: page.last }
  }
}
