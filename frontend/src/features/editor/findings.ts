import { forceLinting, lintGutter, linter, lintKeymap, type Diagnostic } from '@codemirror/lint'
import type { Extension, Text } from '@codemirror/state'
import { keymap, type EditorView } from '@codemirror/view'
import type { Language } from '@/api/types'
import { t } from '@/ui/i18n'
import { problemText } from '@/ui/i18n/problem'
import { lintCode, type Finding } from './api'
import { offsetOf, rangeOf } from './places'
import { tally, type HelpState } from './state'

const PAUSE_MS = 500

/** Look at the code whenever its writer pauses. */
export function findings(language: () => Language, told: HelpState): Extension {
  async function look(view: EditorView): Promise<Diagnostic[]> {
    const { doc } = view.state
    try {
      const found = await lintCode(language(), doc.toString())
      told.linter = [found.program, found.version].filter(Boolean).join(' ')
      told.lack = found.missing
      told.trouble = ''
      Object.assign(told, tally(found.items))
      return found.items.map((item) => diagnostic(item, doc, found.program))
    } catch (error) {
      told.trouble = problemText(error)
      Object.assign(told, tally([]))
      return []
    }
  }
  return [linter(look, { delay: PAUSE_MS }), lintGutter(), keymap.of(lintKeymap)]
}

function diagnostic(item: Finding, doc: Text, program: string): Diagnostic {
  const { fix } = item
  return {
    ...rangeOf(doc, item),
    severity: item.severity,
    message: item.message,
    source: [program, item.code].filter(Boolean).join(' '),
    ...(fix
      ? {
          actions: [
            {
              name: t('editor.mend'),
              apply(view: EditorView) {
                // The mend was made for the text that was looked at.
                if (!view.state.doc.eq(doc)) {
                  forceLinting(view)
                  return
                }
                view.dispatch({
                  changes: fix.edits.map((edit) => ({
                    from: offsetOf(doc, edit.start),
                    to: offsetOf(doc, edit.end),
                    insert: edit.text,
                  })),
                  userEvent: 'input.mend',
                })
              },
            },
          ],
        }
      : {}),
  }
}
