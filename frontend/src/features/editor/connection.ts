import type { CompletionSource } from '@codemirror/autocomplete'
import { backoff } from '@/api/live'
import type { Language } from '@/api/types'
import type { Extension } from '@codemirror/state'
import { converse, type Asked, type Conversation, type Ended } from './socket'
import type { HelpState, ServerState } from './state'

/** Languages that have a server. */
const SERVED: readonly Language[] = ['python', 'javascript']
const STATES: Record<Ended, ServerState> = {
  idle: 'asleep',
  busy: 'busy',
  missing: 'missing',
  forbidden: 'none',
  away: 'away',
}

interface Given {
  asked: () => Asked
  told: HelpState
  snippets: CompletionSource
  outside: (name: string) => void
  /** Puts the server's help into the editor, or takes it out. */
  help: (extension: Extension) => void
}

/** The way to a language server: opened when first needed, again after it was lost, and woken by typing. */
export function createConnection({ asked, told, snippets, outside, help }: Given) {
  let conversation: Conversation | null = null
  let disconnect: (() => void) | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let tries = 0

  function drop(): void {
    clearTimeout(retry)
    disconnect?.()
    disconnect = null
    conversation?.close()
    conversation = null
    help([])
  }

  function open(): void {
    drop()
    const question = asked()
    if (!SERVED.includes(question.language)) {
      Object.assign(told, { server: 'none', serverWords: '', environment: null })
      return
    }
    told.server = 'connecting'
    const mine = converse(
      question,
      (facts, transport) => {
        void import('./languageServer').then(({ serverHelp }) => {
          if (conversation !== mine) return
          const made = serverHelp(transport, facts.document, question.language, snippets, outside)
          disconnect = made.disconnect
          help(made.extension)
          tries = 0
          Object.assign(told, {
            server: 'ready',
            serverWords: `${facts.server} ${facts.version}`,
            environment: facts.environment,
          })
        })
      },
      (why, words) => {
        drop()
        told.server = STATES[why]
        told.serverWords = words
        if (why === 'away') retry = setTimeout(open, backoff(tries++))
      },
    )
    conversation = mine
  }

  return {
    /** Connect, or connect anew because what the server knows is out of date. */
    open,
    /** The writer is at work: a server that has fallen asleep, or had no room, is asked again. */
    wake: () => {
      if (told.server === 'asleep' || told.server === 'busy') open()
    },
    close: drop,
  }
}
