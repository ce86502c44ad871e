import { snippetCompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { syntaxTree } from '@codemirror/language'
import type { Language } from '@/api/types'
import type { Snippet } from './api'

const PREFIX = /[^\s()[\]{}"'`,;:=]+$/
const NOT_CODE = /Comment|String/

/** Which snippets fit a language. */
export function fitting(snippets: readonly Snippet[], language: Language): Snippet[] {
  return snippets.filter((one) => one.language === 'any' || one.language === language)
}

/** Offer snippets by their prefix, wherever code is written. */
export function snippetSource(snippets: () => readonly Snippet[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(PREFIX)
    if (!word && !context.explicit) return null
    if (NOT_CODE.test(syntaxTree(context.state).resolveInner(context.pos, -1).name)) return null
    const from = word?.from ?? context.pos
    // After a dot come a thing's own names.
    if (context.state.sliceDoc(from - 1, from) === '.' || word?.text.includes('.')) return null
    const options = snippets().map((one) =>
      snippetCompletion(one.body, {
        label: one.prefix,
        detail: one.title,
        type: 'text',
        info: () => {
          const shown = document.createElement('pre')
          shown.textContent = one.body
          return shown
        },
      }),
    )
    return options.length ? { from, options, validFor: /^[^\s()[\]{}"'`,;:=.]*$/ } : null
  }
}
