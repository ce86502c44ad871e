import { autocompletion } from '@codemirror/autocomplete'
import {
  findReferencesKeymap,
  hoverTooltips,
  LSPClient,
  renameKeymap,
  serverCompletionSource,
  signatureHelp,
  type Transport,
} from '@codemirror/lsp-client'
import type { CompletionSource } from '@codemirror/autocomplete'
import type { Extension } from '@codemirror/state'
import { keymap } from '@codemirror/view'
import { definitions } from './definitions'
import { sanitize } from './sanitize'

// The first answer of a server that has just started on a busy machine takes its time.
const TIMEOUT_MS = 20_000

/** Everything a connected server does for an editor: completion, hover, signatures, definitions, names. */
export function serverHelp(
  transport: Transport,
  document: string,
  languageId: string,
  snippets: CompletionSource,
  outside: (name: string) => void,
): { extension: Extension; disconnect: () => void } {
  const client = new LSPClient({
    rootUri: 'file:///script',
    timeout: TIMEOUT_MS,
    sanitizeHTML: sanitize,
    unhandledNotification: () => undefined,
    extensions: [
      hoverTooltips({ hoverTime: 350 }),
      signatureHelp(),
      keymap.of([...renameKeymap, ...findReferencesKeymap]),
      autocompletion({ override: [serverCompletionSource, snippets] }),
    ],
  })
  client.connect(transport)
  // A server that goes away before it has said hello is told by its socket.
  client.initializing.catch(() => undefined)
  return {
    extension: [client.plugin(document, languageId), definitions(document, outside)],
    disconnect: () => {
      client.disconnect()
    },
  }
}
