import { ask, askRaw, client } from '@/api/client'
import { isPassing } from '@/api/problem'
import type { LogLine as Line } from '@/api/types'
import { follow } from '@/ui/log/connect'
import type { LogSource } from '@/ui/log/source'
import { readLogText } from './api'
import { saveAs } from './saveAs'

/** Of a log that grows faster than this can be shown only its end is sent; the viewer fetches what is looked at. */
const MOST_BEHIND = 2000

/** The log of one attempt of a run. While `live`, new lines are streamed. */
export function runLog(runId: string, attempt: number, live: boolean): LogSource {
  const path = { run_id: runId }
  const source: LogSource = {
    async page({ after, tail, limit, stream }, signal) {
      const query = {
        attempt,
        ...(tail === undefined ? { after: String(after ?? 0) } : { tail }),
        ...(limit === undefined ? {} : { limit }),
        ...(stream ? { stream: [stream] } : {}),
      }
      const page = await ask(
        client.GET('/api/v1/runs/{run_id}/logs', { params: { path, query }, ...(signal ? { signal } : {}) }),
      )
      const last = page.items.at(-1)?.n ?? after ?? 0
      return {
        items: page.items,
        next: page.next_cursor === null ? null : nextOf(page.next_cursor, last),
        first: page.total ? 1 : 0,
        last: page.total,
      }
    },
    async search(q, after, limit, signal) {
      const found = await ask(
        client.GET('/api/v1/runs/{run_id}/logs/search', {
          params: { path, query: { q, after, limit, attempt } },
          ...(signal ? { signal } : {}),
        }),
      )
      const next = found.next_cursor === null ? null : found.scanned
      return { items: found.items, next, scanned: found.scanned, total: found.total }
    },
    async download() {
      saveAs(await readLogText(runId, attempt), `${runId}.log`)
    },
  }
  if (live) {
    const query = `attempt=${String(attempt)}&behind=${String(MOST_BEHIND)}`
    source.live = liveLines(`/api/v1/runs/${runId}/logs/stream?${query}`)
  }
  return source
}

/** A cursor that is a line number is one; an opaque one stands for the last line of its page. */
function nextOf(cursor: string, last: number): number {
  return /^\d+$/.test(cursor) ? Number(cursor) : last
}

/** Stream the lines of a log endpoint (`log` events with the line as JSON). */
export function liveLines(path: string): NonNullable<LogSource['live']> {
  return (after, listener, signal) =>
    follow({
      lastId: String(after),
      signal,
      mayPass: (error) => isPassing(error) || error instanceof TypeError,
      status: listener.status,
      open: (lastId, abort) =>
        askRaw(path, {
          headers: { accept: 'text/event-stream', ...(lastId ? { 'last-event-id': lastId } : {}) },
          signal: abort,
        }),
      events(events) {
        const lines: Line[] = []
        for (const { event, data } of events) if (event === 'log') lines.push(JSON.parse(data) as Line)
        if (lines.length) listener.lines(lines)
      },
    })
}
