import { indentUnit } from '@codemirror/language'
import type { Extension } from '@codemirror/state'

/** What an editor can colour; anything else is plain text. */
export type CodeLanguage = 'python' | 'javascript' | 'shell' | 'sql' | 'json' | 'text'

/** The language's own extension, fetched when first needed. */
export async function languageSupport(language: CodeLanguage): Promise<Extension> {
  switch (language) {
    case 'python':
      return [(await import('@codemirror/lang-python')).python(), indentUnit.of('    ')]
    case 'javascript':
      return [(await import('@codemirror/lang-javascript')).javascript(), indentUnit.of('  ')]
    case 'shell': {
      const [{ StreamLanguage }, { shell }] = await Promise.all([
        import('@codemirror/language'),
        import('@codemirror/legacy-modes/mode/shell'),
      ])
      return [StreamLanguage.define(shell), indentUnit.of('  ')]
    }
    case 'sql': {
      const [{ StreamLanguage }, { standardSQL }] = await Promise.all([
        import('@codemirror/language'),
        import('@codemirror/legacy-modes/mode/sql'),
      ])
      return [StreamLanguage.define(standardSQL), indentUnit.of('  ')]
    }
    case 'json':
      return [(await import('@codemirror/lang-json')).json(), indentUnit.of('  ')]
    case 'text':
      return []
  }
}
