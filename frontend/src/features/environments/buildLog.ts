import { ask, client } from '@/api/client'
import { liveLines } from '@/features/runs/logSource'
import type { LogLine, LogPage, LogSource, LogStream } from '@/ui/log/source'

const MOST = 5000

/** The build log of an environment. Build logs are short: they are read from the start, whole. */
export function buildLog(environmentId: string, live: boolean): LogSource {
  async function read(after: number, limit: number, signal?: AbortSignal) {
    const params = { path: { environment_id: environmentId }, query: { after, limit } }
    const page = await ask(
      client.GET('/api/v1/environments/{environment_id}/log', { params, ...(signal ? { signal } : {}) }),
    )
    return {
      items: page.items.map((line) => ({ ...line, stream: line.stream as LogStream })),
      next: page.next_cursor ? Number(page.next_cursor) : null,
    }
  }

  async function all(signal?: AbortSignal): Promise<LogLine[]> {
    const lines: LogLine[] = []
    for (let after: number | null = 0; after !== null;) {
      const page: { items: LogLine[]; next: number | null } = await read(after, MOST, signal)
      lines.push(...page.items)
      after = page.next
    }
    return lines
  }

  let bounds = { first: 0, last: 0 }
  const source: LogSource = {
    async page({ after, tail, limit }, signal): Promise<LogPage> {
      if (tail !== undefined) {
        const lines = await all(signal)
        bounds = { first: lines[0]?.n ?? 0, last: lines.at(-1)?.n ?? 0 }
        return { items: lines.slice(-tail), next: null, ...bounds }
      }
      const page = await read(after ?? 0, limit ?? MOST, signal)
      bounds.last = Math.max(bounds.last, page.items.at(-1)?.n ?? 0)
      return { ...page, ...bounds }
    },
  }
  if (live) source.live = liveLines(`/api/v1/environments/${environmentId}/log/stream`)
  return source
}
