import { LSPPlugin } from '@codemirror/lsp-client'
import type { Extension } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'

interface Location {
  uri: string
  range: { start: { line: number; character: number } }
}
interface Link {
  targetUri: string
  targetSelectionRange: Location['range']
}

/** The first place of a server's answer, whichever of its shapes it has. */
export function firstPlace(answer: unknown): Location | null {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer
  if (typeof first !== 'object' || first === null) return null
  if ('targetUri' in first) {
    const link = first as Link
    return { uri: link.targetUri, range: link.targetSelectionRange }
  }
  return 'uri' in first ? (first as Location) : null
}

/** What to call a file outside of the script: its path within the packages. */
export function nameOf(uri: string): string {
  const path = decodeURIComponent(uri.replace(/^[a-z]+:\/*/i, ''))
  return path.split(/site-packages\/|stdlib\/|node_modules\/|^library\//).at(-1) ?? path
}

/** F12, and a click with Ctrl or ⌘: go to where a name is defined, or say in which package that is. */
export function definitions(document: string, outside: (name: string) => void): Extension {
  async function go(view: EditorView, pos: number): Promise<void> {
    const plugin = LSPPlugin.get(view)
    if (!plugin) return
    plugin.client.sync()
    const answer: unknown = await plugin.client
      .request('textDocument/definition', {
        textDocument: { uri: document },
        position: plugin.toPosition(pos),
      })
      .catch(() => null)
    const place = firstPlace(answer)
    if (!place) return
    if (place.uri !== document) {
      outside(nameOf(place.uri))
      return
    }
    const at = plugin.fromPosition(place.range.start)
    view.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: 'center' }),
      userEvent: 'select.definition',
    })
    view.focus()
  }
  return [
    keymap.of([
      {
        key: 'F12',
        run: (view) => {
          void go(view, view.state.selection.main.head)
          return true
        },
      },
    ]),
    EditorView.domEventHandlers({
      mousedown(event, view) {
        // Alt with a click sets another cursor; Ctrl or ⌘ alone asks for the definition.
        if (event.button !== 0 || event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey))
          return false
        const pos = view.posAtCoords({ x: event.clientX, y: event.clientY })
        if (pos === null) return false
        event.preventDefault()
        void go(view, pos)
        return true
      },
    }),
  ]
}
