import { useDebounceFn } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { plainText } from './ansi'
import type { LogLine, LogSource, SearchPage } from './source'

/** More hits than this are not listed: the count then reads "10,000+". */
export const MOST_HITS = 10_000
const PAGE = 1000
const PAUSE_MS = 220
const GO_ON_MS = 1000

/**
 * Find text in the whole log, also in lines that are not at hand; steps through the hits in order. `looked` of `total`
 * lines have been searched: the server looks at a bounded part at a time.
 */
export function useLogSearch(source: MaybeRefOrGetter<LogSource | null>, reveal: (n: number) => void) {
  const query = ref('')
  const hits = shallowRef<readonly number[]>([])
  const current = ref(-1)
  const busy = ref(false)
  const looked = ref(0)
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
    looked.value = 0
    total.value = 0
    await through(from, abort.signal)
    // Nothing below the view: the last hit above it.
    if (current.value < 0 && hits.value.length) go(hits.value.length - 1)
  }

  /** Look through what has not been looked at. */
  async function through(from: number, signal: AbortSignal): Promise<void> {
    const log = toValue(source)
    const q = query.value
    error.value = null
    busy.value = Boolean(q && log)
    if (!q || !log) return
    try {
      let before: number
      do {
        before = looked.value
        for (let after: number | null = looked.value; after !== null && !capped.value;) {
          const page: SearchPage = await (log.search ?? readThrough(log))(q, after, PAGE, signal)
          if (signal.aborted) return
          looked.value = page.scanned
          total.value = Math.max(page.total, newest)
          hits.value = [...hits.value, ...page.items.map((item) => item.n)]
          if (current.value < 0) start(from)
          after = page.next !== null && page.next > after ? page.next : null
        }
        // Not for ever: what the server does not know of yet is heard of again.
      } while (newest > looked.value && looked.value > before && !capped.value)
    } catch (problem) {
      if (!signal.aborted) error.value = problem
    } finally {
      if (!signal.aborted) busy.value = false
    }
  }

  /** Begin at the first hit from line `from` on. */
  function start(from: number): void {
    const first = hits.value.findIndex((n) => n >= from)
    if (first >= 0) go(first)
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
      if (query.value && !busy.value && !capped.value) void through(Infinity, abort.signal)
    }, GO_ON_MS)
  }

  /** Lines that arrived while a search stands. */
  function heard(lines: readonly LogLine[]): void {
    newest = Math.max(newest, lines.at(-1)?.n ?? 0)
    if (!query.value || busy.value || capped.value || error.value) return
    if ((lines[0]?.n ?? 0) > looked.value + 1) {
      // Some were left out on their way here.
      goOn()
      return
    }
    const needle = query.value.toLowerCase()
    const fresh = lines.filter((line) => line.n > looked.value && shown(line).includes(needle))
    looked.value = Math.max(looked.value, lines.at(-1)?.n ?? 0)
    total.value = Math.max(total.value, looked.value)
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
