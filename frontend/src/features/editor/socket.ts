import type { Transport } from '@codemirror/lsp-client'
import { accessToken, onRenewed, renew } from '@/api/session'
import type { Language } from '@/api/types'

const NOT_SIGNED_IN = 4401
const FORBIDDEN = 4403
const IDLE = 4408
const BUSY = 4429
const UNAVAILABLE = 4503

export interface Asked {
  language: Language
  code: string
  requirements: string[]
}
export interface Ready {
  document: string
  server: string
  version: string
  environment: string | null
}
/** Why a conversation is over. */
export type Ended = 'idle' | 'busy' | 'missing' | 'forbidden' | 'away'

export interface Conversation {
  close: () => void
}

export function reasonOf(code: number): Ended {
  if (code === IDLE) return 'idle'
  if (code === BUSY) return 'busy'
  if (code === UNAVAILABLE) return 'missing'
  return code === FORBIDDEN ? 'forbidden' : 'away'
}

/**
 * Speak with a language server. `ready` is called once it listens, with the way to it; `ended` at most once, and not
 * after `close`.
 */
export function converse(
  asked: Asked,
  ready: (facts: Ready, transport: Transport) => void,
  ended: (why: Ended, words: string) => void,
): Conversation {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/editor/language`)
  const handlers = new Set<(message: string) => void>()
  let greeted = false
  let closed = false

  const forget = onRenewed((token) => {
    if (greeted && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ token }))
  })
  socket.onopen = () => {
    socket.send(JSON.stringify({ token: accessToken.value ?? '', ...asked }))
  }
  socket.onmessage = (event: MessageEvent<string>) => {
    if (greeted) {
      for (const handler of handlers) handler(event.data)
      return
    }
    greeted = true
    ready(JSON.parse(event.data) as Ready, {
      // The client has last words of its own, even when the line has gone.
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message)
      },
      subscribe: (handler) => handlers.add(handler),
      unsubscribe: (handler) => handlers.delete(handler),
    })
  }
  socket.onclose = (event) => {
    forget()
    handlers.clear()
    if (closed) return
    closed = true
    if (event.code === NOT_SIGNED_IN) void renew().catch(() => undefined)
    ended(reasonOf(event.code), event.reason)
  }
  return {
    close: () => {
      closed = true
      socket.close()
    },
  }
}
