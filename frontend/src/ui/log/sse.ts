/** Server-sent events from a stream of text, whatever the borders of its chunks (WHATWG HTML, "event stream"). */

export interface ServerEvent {
  event: string
  data: string
  id: string
}

export interface SseParser {
  /** Feed the next piece of text; returns the events that it completed. */
  push: (chunk: string) => ServerEvent[]
  /** The last id seen, kept over events that have none. */
  readonly lastId: string
  /** What the server asked to wait before a new connection, in milliseconds. */
  readonly retry: number | null
}

export function createSseParser(lastId = ''): SseParser {
  let buffer = ''
  let first = true
  let skipLineFeed = false
  let event = ''
  let data: string[] = []
  let retry: number | null = null

  function take(line: string): ServerEvent | null {
    if (line === '') {
      const whole = data.length ? { event: event || 'message', data: data.join('\n'), id: lastId } : null
      event = ''
      data = []
      return whole
    }
    if (line.startsWith(':')) return null
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const raw = colon < 0 ? '' : line.slice(colon + 1)
    const value = raw.startsWith(' ') ? raw.slice(1) : raw
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) lastId = value
    else if (field === 'retry' && /^\d+$/.test(value)) retry = Number(value)
    return null
  }

  function push(chunk: string): ServerEvent[] {
    if (!chunk) return []
    if (first) {
      first = false
      if (chunk.startsWith('\ufeff')) chunk = chunk.slice(1)
    }
    // The line feed of a CRLF that was cut in two.
    if (skipLineFeed && chunk.startsWith('\n')) chunk = chunk.slice(1)
    skipLineFeed = chunk === '' ? skipLineFeed : chunk.endsWith('\r')
    const text = buffer + chunk
    const events: ServerEvent[] = []
    let start = 0
    // Only the new part can hold a line end.
    let at = buffer.length
    while (at < text.length) {
      const code = text.charCodeAt(at)
      if (code !== 10 && code !== 13) {
        at += 1
        continue
      }
      const done = take(text.slice(start, at))
      if (done) events.push(done)
      at += code === 13 && text.charCodeAt(at + 1) === 10 ? 2 : 1
      start = at
    }
    buffer = text.slice(start)
    return events
  }

  return {
    push,
    get lastId() {
      return lastId
    },
    get retry() {
      return retry
    },
  }
}
