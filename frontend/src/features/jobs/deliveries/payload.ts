import type { Trial } from './types'

/** What is typed for a test call. */
export interface Typed {
  body: string
  headers: string
  contentType: string
}

export const JSON_TYPE = 'application/json'

/** `Name: value` on each line; lines without a name are left out. */
export function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).trim()
    if (at > 0 && name) headers[name] = line.slice(at + 1).trim()
  }
  return headers
}

/** What is sent for what was typed; null where it should be JSON and is not. */
export function trialOf(typed: Typed, run: boolean): Trial | null {
  const isJson = typed.contentType === JSON_TYPE
  let body: unknown = typed.body
  if (isJson) {
    try {
      body = typed.body.trim() ? (JSON.parse(typed.body) as unknown) : null
    } catch {
      return null
    }
  }
  return { body, headers: headersOf(typed.headers), content_type: typed.contentType, run }
}
