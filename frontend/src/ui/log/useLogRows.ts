import { onScopeDispose, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import { FilteredLog } from './filteredLog'
import type { LiveStatus, LogLine, LogSource, LogStream } from './source'
import { WholeLog, type LogRows } from './wholeLog'

/**
 * The rows of `source`, all or of one `stream`, kept up to date while it is live. `version` changes whenever rows
 * may read differently; at most once a frame, however fast the lines come.
 */
export function useLogRows(
  source: MaybeRefOrGetter<LogSource | null>,
  stream: MaybeRefOrGetter<LogStream | null>,
  heard: (lines: LogLine[]) => void,
) {
  const rows = shallowRef<LogRows | null>(null)
  const version = ref(0)
  const last = ref(0)
  const error = shallowRef<unknown>(null)
  const loading = ref(true)
  const status = ref<LiveStatus>('off')
  let whole: WholeLog | null = null
  let filtered: FilteredLog | null = null
  let live = new AbortController()
  let frame = 0

  function changed(): void {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      last.value = whole?.cache.last ?? 0
      version.value += 1
    })
  }
  const failed = (problem: unknown) => (error.value = problem)

  function stop(): void {
    live.abort()
    whole?.close()
    filtered?.close()
    whole = null
    filtered = null
    rows.value = null
    status.value = 'off'
  }

  async function start(): Promise<void> {
    stop()
    const from = toValue(source)
    if (!from) return
    loading.value = true
    error.value = null
    const mine = new WholeLog(from, { changed, failed })
    whole = mine
    try {
      await mine.open()
      if (whole !== mine) return
      await narrow()
    } catch (problem) {
      if (whole === mine) error.value = problem
      return
    } finally {
      if (whole === mine) loading.value = false
    }
    follow(from, mine)
  }

  /** Show one stream, or all again. */
  async function narrow(): Promise<void> {
    const from = toValue(source)
    const one = toValue(stream)
    filtered?.close()
    filtered = null
    if (!whole?.opened || !from) return
    if (one) {
      const mine = new FilteredLog(from, one, { changed, failed })
      filtered = mine
      rows.value = mine
      await mine.open(whole.cache.last)
      if (filtered !== mine) return
    }
    rows.value = filtered ?? whole
    changed()
  }

  function follow(from: LogSource, mine: WholeLog): void {
    if (!from.live) return
    live = new AbortController()
    const listener = {
      lines(lines: LogLine[]) {
        mine.append(lines)
        filtered?.append(lines)
        heard(lines)
      },
      status: (now: LiveStatus) => (status.value = now),
    }
    from.live(mine.cache.last, listener, live.signal).catch(failed)
  }

  watch(() => toValue(source), start, { immediate: true })
  watch(
    () => toValue(stream),
    () => narrow().catch(failed),
  )
  onScopeDispose(() => {
    stop()
    cancelAnimationFrame(frame)
  })

  return { rows, version, last, error, loading, status, retry: start }
}
