import { CompletionContext } from '@codemirror/autocomplete'
import { ensureSyntaxTree } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { python } from '@codemirror/lang-python'
import { expect, it } from 'vitest'
import type { Snippet } from './api'
import { fitting, snippetSource } from './snippets'

const snippet = (prefix: string, language: Snippet['language']): Snippet => ({
  id: prefix,
  prefix,
  title: prefix,
  language,
  body: `${prefix}(\${x})`,
  project: null,
  owner: 'ada',
  mine: true,
  may_change: true,
  updated_at: '2026-01-01T00:00:00Z',
})
const PATIENCE_MS = 30_000
const all = [snippet('main', 'python'), snippet('each', 'any'), snippet('loop', 'shell')]

it('offers what fits the language', () => {
  expect(fitting(all, 'python').map((one) => one.prefix)).toEqual(['main', 'each'])
  expect(fitting(all, 'shell').map((one) => one.prefix)).toEqual(['each', 'loop'])
})

function offered(doc: string, explicit = false) {
  const state = EditorState.create({ doc, extensions: [python()] })
  ensureSyntaxTree(state, doc.length, PATIENCE_MS)
  const result = snippetSource(() => all)(new CompletionContext(state, doc.length, explicit))
  return result && { from: result.from, labels: result.options.map((one) => one.label) }
}
const labels = ['main', 'each', 'loop']

it.each([
  ['ma', false, { from: 0, labels }],
  ['x = ma', false, { from: 4, labels }],
  ['', false, null],
  ['', true, { from: 0, labels }],
  ['os.ma', false, null],
  ['# ma', false, null],
  ['x = "ma', false, null],
])('completes %j (asked for: %j)', (doc, explicit, expected) => {
  expect(offered(doc, explicit)).toEqual(expected)
})
