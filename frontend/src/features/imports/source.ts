import type { NewSource, SourceAddress } from './api'

/** How often a source may be looked at by itself, in seconds. */
const SECONDS = { minutes: 300, hour: 3600, day: 86_400, never: null } as const
export type Every = keyof typeof SECONDS
export const EVERY = ['minutes', 'hour', 'day', 'never'] as const satisfies readonly Every[]

export interface SourceForm {
  url: string
  ref: string
  path: string
  entry: string
  name: string
  username: string
  token: string
  keep: boolean
  every: Every
}

export const NEW_FORM: SourceForm = {
  url: '',
  ref: '',
  path: '',
  entry: '',
  name: '',
  username: '',
  token: '',
  keep: true,
  every: 'hour',
}

/** What is sent: nothing that stands empty, and of a Gist nothing that only repositories have. */
export function bodyOf(kind: NewSource['kind'], form: SourceForm, project: string): NewSource {
  const { keep, every, token } = form
  const texts = kind === 'git' ? (['ref', 'path', 'entry', 'name'] as const) : (['entry', 'name'] as const)
  const body: NewSource = { kind, url: form.url.trim(), project, keep }
  for (const field of texts) {
    const text = form[field].trim()
    if (text) body[field] = text
  }
  if (keep) body.every_s = SECONDS[every]
  if (token) body.token = token
  if (kind === 'git' && token && form.username.trim()) body.username = form.username.trim()
  return body
}

/** What a script that is here already is attached to. */
export function choiceOf(kind: SourceAddress['kind'], form: SourceForm): SourceAddress {
  const { name, project, keep, ...choice } = bodyOf(kind, { ...form, keep: true }, '')
  void [name, project, keep]
  return choice
}

/** The address of a webhook as the repository's settings want it. */
export function wholeAddress(webhook: string): string {
  return new URL(webhook, globalThis.location.origin).href
}
