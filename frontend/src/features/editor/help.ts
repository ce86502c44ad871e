import { EditorState, Compartment } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import type { Language } from '@/api/types'
import type { Editor } from '@/ui/code/editor'
import type { Snippet } from './api'
import { createConnection } from './connection'
import { findings, lookAgain } from './findings'
import { fitting, snippetSource } from './snippets'
import type { HelpState } from './state'

export interface Given {
  language: () => Language
  requirements: () => string[]
  snippets: () => readonly Snippet[]
  told: HelpState
  format: () => void
  outside: (name: string) => void
}

export type Help = ReturnType<typeof createHelp>

/** What helps with the code in an editor: findings, snippets, a language server, and the key that formats. */
export function createHelp(editor: Editor, given: Given) {
  const { language, told } = given
  const served = new Compartment()
  const source = snippetSource(() => fitting(given.snippets(), language()))
  const connection = createConnection({
    asked: () => ({
      language: language(),
      code: editor.view.state.doc.toString(),
      requirements: given.requirements(),
    }),
    told,
    snippets: source,
    outside: given.outside,
    help: (extension) => {
      editor.view.dispatch({ effects: served.reconfigure(extension) })
    },
  })
  editor.setHelp([
    findings(language, told),
    served.of([]),
    EditorState.languageData.of(() => [{ autocomplete: source }]),
    keymap.of([
      {
        key: 'Shift-Alt-f',
        run: () => {
          given.format()
          return true
        },
      },
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) connection.wake()
    }),
  ])
  connection.open()
  return {
    reconnect: connection.open,
    /** Look at the code again, though it is the same. */
    look: () => {
      editor.view.dispatch({ effects: lookAgain.of(null) })
    },
    destroy: connection.close,
  }
}
