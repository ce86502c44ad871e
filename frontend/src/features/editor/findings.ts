import { lintGutter, linter, lintKeymap, type Diagnostic } from '@codemirror/lint'
import { StateEffect, type Extension, type Text } from '@codemirror/state'
import { keymap, type EditorView, type ViewUpdate } from '@codemirror/view'
import type { Language } from '@/api/types'
import { t } from '@/ui/i18n'
import { problemText } from '@/ui/i18n/problem'
import { lintCode, type Finding } from './api'
import { offsetOf, rangeOf } from './places'
import { tally, type HelpState } from './state'

const PAUSE_MS = 500

/** Asks for another look at a text that is the same. */
export const lookAgain = StateEffect.define<null>()

/** Look at the code whenever its writer pauses. */
export function findings(language: () => Language, told: HelpState): Extension {
  async function look(view: EditorView): Promise<Diagnostic[]> {
    const { doc } = view.state
    const written = language()
    if (written === 'sql') return []
    try {
      const found = await lintCode(written, doc.toString())
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
  const again = (update: ViewUpdate) =>
    update.transactions.some((one) => one.effects.some((effect) => effect.is(lookAgain)))
  return [linter(look, { delay: PAUSE_MS, needsRefresh: again }), lintGutter(), keymap.of(lintKeymap)]
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
                if (!view.state.doc.eq(doc)) return
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
