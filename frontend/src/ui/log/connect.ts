import { createSseParser, type ServerEvent } from './sse'
import type { LiveStatus } from './source'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000
/** The server says something at least every 15 s: much longer silence is a dead connection. */
const SILENCE_MS = 25_000

export interface Connection {
  /** Open the stream from after `lastId`; rejects when the server refuses for good. */
  open: (lastId: string, signal: AbortSignal) => Promise<Response>
  events: (events: ServerEvent[]) => void
  status: (status: LiveStatus) => void
  /** Whether an error of `open` may pass: then it is tried again. */
  mayPass: (error: unknown) => boolean
  lastId: string
  signal: AbortSignal
  wait?: (ms: number) => Promise<void>
}

/**
 * Follow a stream of server-sent events over `fetch` (which can send a token) until its `end` event: a lost
 * connection is made anew from the last id seen. Resolves at the end or when aborted.
 */
export async function follow(connection: Connection): Promise<void> {
  const { signal, status } = connection
  const wait = connection.wait ?? pause(signal)
  let lastId = connection.lastId
  let tries = 0
  status('connecting')
  while (!signal.aborted) {
    try {
      const response = await connection.open(lastId, signal)
      status('open')
      const parser = createSseParser(lastId)
      for await (const text of textOf(response, signal)) {
        const events = parser.push(text)
        lastId = parser.lastId
        if (events.length === 0) continue
        tries = 0
        connection.events(events)
        if (events.some((event) => event.event === 'end')) {
          status('ended')
          return
        }
      }
    } catch (error) {
      if (signal.aborted) return
      if (!connection.mayPass(error)) {
        status('off')
        throw error
      }
    }
    if (signal.aborted) return
    status('waiting')
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries++)
    await wait(ceiling / 2 + (Math.random() * ceiling) / 2)
  }
}

/** The body as text, piece by piece; ends when it falls silent. Letters cut in two are put together. */
async function* textOf(response: Response, signal: AbortSignal): AsyncGenerator<string> {
  const reader = response.body?.getReader()
  if (!reader) return
  const decoder = new TextDecoder()
  const cancel = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      const timer = setTimeout(cancel, SILENCE_MS)
      const { done, value } = await reader.read().finally(() => {
        clearTimeout(timer)
      })
      if (done) return
      yield decoder.decode(value, { stream: true })
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

function pause(signal: AbortSignal) {
  return (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        globalThis.removeEventListener('online', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      // A network that returns should not sit out the rest of a long wait.
      globalThis.addEventListener('online', done)
    })
}
