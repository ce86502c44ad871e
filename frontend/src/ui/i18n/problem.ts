import { optional, rooms, t } from './index'

/** Anything thrown that can be shown: the API's Problem fits, and so does any Error. */
export interface Shown {
  message: string
  code?: string
  requestId?: string | undefined
  status?: number
}

export function shown(error: unknown): Shown {
  if (error instanceof Error) return error
  return { message: typeof error === 'string' ? error : '' }
}

/**
 * What to tell the user about an error, in the page's language: the message of its `code` (any room may carry
 * `problems.<code>`), else the server's own words, else a plain sentence.
 */
export function problemText(error: unknown): string {
  const { code, message } = shown(error)
  if (code) {
    for (const room of ['ui', ...rooms()]) {
      const text = optional(`${room}.problems.${code}`)
      if (text) return text
    }
  }
  return message || t('ui.problems.unknown')
}

/** What was refused of a form, by field: empty for an error that says nothing of fields. */
export function refusedFields(error: unknown): Record<string, string> {
  const isOfFields = error instanceof Error && 'byField' in error && typeof error.byField === 'function'
  return isOfFields ? (error as Error & { byField(): Record<string, string> }).byField() : {}
}
