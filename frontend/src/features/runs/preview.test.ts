import { describe, expect, it } from 'vitest'
import type { RunFile } from '@/api/types'
import { previewOf, textOf } from './preview'

const file = (path: string, media_type: string, over: Partial<RunFile> = {}): RunFile => ({
  path,
  media_type,
  kind: 'file',
  size: 100,
  modified_at: '',
  uploaded: false,
  ...over,
})

describe('previewOf', () => {
  it.each<[string, RunFile, string]>([
    ['text', file('a.txt', 'text/plain'), 'text'],
    ['markup is shown as text', file('a.html', 'text/html'), 'text'],
    ['csv', file('a.csv', 'text/csv'), 'csv'],
    ['json', file('a.json', 'application/json'), 'json'],
    ['much json is text', file('a.json', 'application/json', { size: 1e6 }), 'text'],
    ['image', file('a.png', 'image/png'), 'image'],
    ['a huge image', file('a.png', 'image/png', { size: 1e9 }), 'none'],
    ['zip', file('a.zip', 'application/zip'), 'none'],
    ['no ending', file('Makefile', 'application/octet-stream'), 'text'],
    ['unknown ending', file('a.bin', 'application/octet-stream'), 'none'],
    ['folder', file('a', 'text/plain', { kind: 'dir' }), 'none'],
  ])('%s', (_name, one, kind) => {
    expect(previewOf(one)).toBe(kind)
  })
})

describe('textOf', () => {
  it.each<[string, Uint8Array, string | null]>([
    ['text', new TextEncoder().encode('héllo'), 'héllo'],
    ['a letter cut at the end', new TextEncoder().encode('运').slice(0, 2), '\ufffd'],
    ['binary with NUL', new Uint8Array([65, 0, 66]), null],
    ['binary without NUL', new Uint8Array(100).fill(0xff), null],
  ])('%s', (_name, bytes, text) => {
    expect(textOf(bytes)).toBe(text)
  })
})
