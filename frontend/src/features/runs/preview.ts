import type { RunFile } from '@/api/types'

export type PreviewKind = 'text' | 'json' | 'csv' | 'image' | 'none'

export const MOST_TEXT = 256 * 1024
const MOST_IMAGE = 20 * 1024 * 1024
const MOST_JSON = 128 * 1024
const TEXT_TYPES = /^(text\/|application\/(json|xml|x-sh|x-yaml|yaml|toml|javascript|sql))/

/** How a file can be looked at; `none` for what only its own program understands. */
export function previewOf(file: RunFile): PreviewKind {
  if (file.kind !== 'file') return 'none'
  const type = file.media_type
  if (type.startsWith('image/')) return file.size <= MOST_IMAGE ? 'image' : 'none'
  if (type === 'text/csv' || /\.tsv$/i.test(file.path)) return 'csv'
  if (type === 'application/json' && file.size <= MOST_JSON) return 'json'
  if (TEXT_TYPES.test(type)) return 'text'
  // Without a known ending it may well be text: its bytes will tell.
  return type === 'application/octet-stream' && !/\.[a-z0-9]{1,5}$/i.test(file.path) ? 'text' : 'none'
}

/** Bytes as text, or null if they are none (a NUL, or much that is not UTF-8). */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  const text = new TextDecoder().decode(bytes)
  const bad = text.split('\ufffd').length - 1
  // A letter may be cut at the end of what was read.
  return bad > 4 && bad > text.length / 50 ? null : text
}
