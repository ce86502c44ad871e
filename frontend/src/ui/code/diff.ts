import { getChunks, goToNextChunk, goToPreviousChunk, MergeView, unifiedMergeView } from '@codemirror/merge'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { languageSupport, type CodeLanguage } from './languages'
import { codeLook } from './look'

export interface DiffOptions {
  parent: ShadowRoot
  before: string
  after: string
  language: CodeLanguage
  dark: boolean
  /** One column. */
  unified: boolean
  labels: { before: string; after: string }
  phrases: Record<string, string>
  /** Somebody presses the number of a line of the later text. */
  onLine?: ((line: number) => void) | undefined
}

export interface Diff {
  /** How many stretches differ. */
  changes: number
  /** Move to the next or previous stretch that differs. */
  go: (forward: boolean) => void
  destroy: () => void
}

const COLLAPSE = { margin: 3, minSize: 6 }
// Gives up precision rather than the page on texts that have nothing in common.
const EFFORT = { scanLimit: 500, timeout: 1500 }

/** Two texts compared, read only. */
export async function createDiff(options: DiffOptions): Promise<Diff> {
  const support = await languageSupport(options.language)
  const { onLine } = options
  const pressed = {
    mousedown: (view: EditorView, block: { from: number }) => {
      onLine?.(view.state.doc.lineAt(block.from).number)
      return true
    },
  }
  const extensions = (label: string, numbers: Extension = lineNumbers()): Extension => [
    numbers,
    support,
    codeLook(options.dark),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.lineWrapping,
    EditorState.phrases.of(options.phrases),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ]
  const later = onLine
    ? [
        lineNumbers({ domEventHandlers: pressed }),
        EditorView.theme({ '.cm-lineNumbers .cm-gutterElement': { cursor: 'pointer' } }),
      ]
    : lineNumbers()
  if (options.unified) {
    const view = new EditorView({
      parent: options.parent,
      root: options.parent,
      doc: options.after,
      extensions: [
        extensions(options.labels.after, later),
        unifiedMergeView({
          original: options.before,
          mergeControls: false,
          collapseUnchanged: COLLAPSE,
          diffConfig: EFFORT,
        }),
      ],
    })
    return handle(view, () => {
      view.destroy()
    })
  }
  const view = new MergeView({
    parent: options.parent,
    root: options.parent,
    a: { doc: options.before, extensions: extensions(options.labels.before) },
    b: { doc: options.after, extensions: extensions(options.labels.after, later) },
    collapseUnchanged: COLLAPSE,
    diffConfig: EFFORT,
    gutter: true,
  })
  return handle(view.b, () => {
    view.destroy()
  })
}

function handle(view: EditorView, destroy: () => void): Diff {
  return {
    changes: getChunks(view.state)?.chunks.length ?? 0,
    go: (forward) => {
      const move = forward ? goToNextChunk : goToPreviousChunk
      move(view)
    },
    destroy,
  }
}
