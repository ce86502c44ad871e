import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
  rectangularSelection,
} from '@codemirror/view'
import { languageSupport, type CodeLanguage } from './languages'
import { codeLook } from './look'
import { searchPanel } from './searchPanel'

export interface EditorOptions {
  parent: ShadowRoot
  doc: string
  language: CodeLanguage
  dark: boolean
  readOnly: boolean
  label: string
  hint: string
  /** The find panel's words, by CodeMirror's English ones. */
  phrases: Record<string, string>
  changed: (doc: string) => void
  /** Ctrl-Enter and Ctrl-S; without them these keys do nothing here. */
  run: () => void
  save: () => void
}

export interface Editor {
  /** For who adds to the editor; whatever is dispatched here is the user's own doing. */
  view: EditorView
  /** What helps with the code beyond its colours: completion, findings, keys. Replaces what was there. */
  setHelp: (help: Extension) => void
  /** Put another text in place of this one, changing no more than differs, so that the cursor stays where it was. */
  rewrite: (doc: string) => Promise<void>
  setDoc: (doc: string) => void
  setLanguage: (language: CodeLanguage) => Promise<void>
  setDark: (dark: boolean) => void
  setReadOnly: (readOnly: boolean) => void
  focus: () => void
  goTo: (line: number) => void
  destroy: () => void
}

/**
 * A code editor in a shadow root: there its styles are constructed sheets, which a content policy without inline
 * styles allows. Tab indents; Escape and then Tab leaves, as CodeMirror's keymap has it.
 */
export function createEditor(options: EditorOptions): Editor {
  const language = new Compartment()
  const look = new Compartment()
  const reading = new Compartment()
  const helping = new Compartment()
  let wanted = options.language

  const act = (run: () => void) => () => {
    run()
    return true
  }
  const view = new EditorView({
    parent: options.parent,
    root: options.parent,
    state: EditorState.create({
      doc: options.doc,
      extensions: [
        keymap.of([
          { key: 'Mod-Enter', run: act(options.run) },
          { key: 'Mod-s', run: act(options.save) },
        ]),
        helping.of([]),
        editing(),
        language.of([]),
        look.of(codeLook(options.dark)),
        reading.of(readOnly(options.readOnly)),
        EditorState.phrases.of(options.phrases),
        EditorView.contentAttributes.of({ 'aria-label': options.label, tabindex: '0' }),
        options.hint ? placeholder(options.hint) : [],
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.changed(update.state.doc.toString())
        }),
      ],
    }),
  })

  async function setLanguage(next: CodeLanguage): Promise<void> {
    wanted = next
    const support = await languageSupport(next)
    if (wanted === next) view.dispatch({ effects: language.reconfigure(support) })
  }
  void setLanguage(options.language)

  return {
    view,
    setLanguage,
    setHelp: (help) => {
      view.dispatch({ effects: helping.reconfigure(help) })
    },
    async rewrite(doc) {
      const { diff } = await import('@codemirror/merge')
      const before = view.state.doc.toString()
      const changes = diff(before, doc, EFFORT).map(({ fromA, toA, fromB, toB }) => ({
        from: fromA,
        to: toA,
        insert: doc.slice(fromB, toB),
      }))
      if (changes.length) view.dispatch({ changes, userEvent: 'input.format', scrollIntoView: true })
    },
    setDoc(doc) {
      if (doc === view.state.doc.toString()) return
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: doc } })
    },
    setDark: (dark) => {
      view.dispatch({ effects: look.reconfigure(codeLook(dark)) })
    },
    setReadOnly: (value) => {
      view.dispatch({ effects: reading.reconfigure(readOnly(value)) })
    },
    focus: () => {
      view.focus()
    },
    goTo(line) {
      const at = view.state.doc.line(Math.max(1, Math.min(view.state.doc.lines, line)))
      view.dispatch({
        selection: { anchor: at.from },
        effects: EditorView.scrollIntoView(at.from, { y: 'center' }),
      })
      view.focus()
    },
    destroy: () => {
      view.destroy()
    },
  }
}

// Gives up precision rather than the page on texts that have nothing in common.
const EFFORT = { scanLimit: 500, timeout: 1000 }

function readOnly(value: boolean): Extension {
  return [EditorState.readOnly.of(value), EditorView.editable.of(!value)]
}

/**
 * Typing over a selection, done here: a browser would keep the look of what was replaced in a style attribute, which
 * the content policy refuses with an error on the console.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data, inputType, isComposing } = event
    const { main } = view.state.selection
    if (inputType !== 'insertText' || !data || isComposing || main.empty || view.state.readOnly) return false
    const insert = () =>
      view.state.update(view.state.replaceSelection(data), { scrollIntoView: true, userEvent: 'input.type' })
    // Brackets and quotes go around the selection: who handles input comes first, as for any typing.
    const handlers = view.state.facet(EditorView.inputHandler)
    if (!handlers.some((handle) => handle(view, main.from, main.to, data, insert))) view.dispatch(insert())
    return true
  },
})

function editing(): Extension {
  return [
    typingOver,
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    foldGutter(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    // Ctrl or ⌘ with a click asks for a definition.
    EditorView.clickAddsSelectionRange.of((event) => event.altKey),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    rectangularSelection(),
    crosshairCursor(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true, createPanel: searchPanel }),
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      indentWithTab,
    ]),
  ]
}
