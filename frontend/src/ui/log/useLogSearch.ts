import { useDebounceFn } from '@vueuse/core'
import { computed, onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { plainText } from './ansi'
import type { LogLine, LogSource, SearchPage } from './source'

/** More hits than this are not listed: the count then reads "10,000+". */
export const MOST_HITS = 10_000
const PAGE = 1000
const PAUSE_MS = 220

/** Find text in the whole log, also in lines that are not at hand; steps through the hits in order. */
export function useLogSearch(source: MaybeRefOrGetter<LogSource | null>, reveal: (n: number) => void) {
  const query = ref('')
  const hits = shallowRef<readonly number[]>([])
  const current = ref(-1)
  const busy = ref(false)
  const error = shallowRef<unknown>(null)
  const capped = computed(() => hits.value.length >= MOST_HITS)
  let abort = new AbortController()

  async function run(from: number): Promise<void> {
    abort.abort()
    abort = new AbortController()
    const { signal } = abort
    hits.value = []
    current.value = -1
    error.value = null
    const log = toValue(source)
    const q = query.value
    if (!q || !log) {
      busy.value = false
      return
    }
    busy.value = true
    try {
      for (let after: number | null = 0; after !== null && !capped.value;) {
        const page: SearchPage = await (log.search ?? readThrough(log))(q, after, PAGE, signal)
        if (signal.aborted) return
        hits.value = [...hits.value, ...page.items.map((item) => item.n)]
        if (current.value < 0) start(from)
        after = page.next
      }
      // Nothing below the view: the last hit above it.
      if (current.value < 0 && hits.value.length) go(hits.value.length - 1)
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

  /** Lines that arrived while a search stands. */
  function heard(lines: readonly LogLine[]): void {
    if (!query.value || busy.value || capped.value) return
    const needle = query.value.toLowerCase()
    const fresh = lines.filter((line) => line.text.toLowerCase().includes(needle)).map((line) => line.n)
    if (fresh.length) hits.value = [...hits.value, ...fresh]
  }

  const from = ref(1)
  const later = useDebounceFn(() => run(from.value), PAUSE_MS)
  watch(query, (now) => void (now ? later() : run(1)))
  watch(
    () => toValue(source),
    () => void run(1),
  )
  onScopeDispose(() => {
    abort.abort()
  })

  return { query, hits, current, busy, capped, error, from, step, heard }
}

/** A search for logs whose server has none: reads page by page. */
function readThrough(log: LogSource): NonNullable<LogSource['search']> {
  return async (q, after, limit, signal) => {
    const page = await log.page({ after, limit }, signal)
    const needle = q.toLowerCase()
    const items = page.items.filter((line) => plainText(line.text).toLowerCase().includes(needle))
    return { items, next: page.next }
  }
}
