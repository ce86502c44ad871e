import { SearchQuery } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import { expect, it } from 'vitest'
import { countMatches } from './matches'

const state = (doc: string, anchor = 0, head = anchor) =>
  EditorState.create({ doc, selection: { anchor, head } })

it.each([
  ['a b a', 'a', {}, [0, 0], { at: 0, total: 2, more: false }],
  ['a b a', 'a', {}, [4, 5], { at: 2, total: 2, more: false }],
  ['a b A', 'a', { caseSensitive: true }, [0, 0], { at: 0, total: 1, more: false }],
  ['ab a', 'a', { wholeWord: true }, [0, 0], { at: 0, total: 1, more: false }],
  ['x1 x22', 'x\\d+', { regexp: true }, [3, 6], { at: 2, total: 2, more: false }],
  ['nothing', 'z', {}, [0, 0], { at: 0, total: 0, more: false }],
])('counts in %j what %j finds', (doc, search, flags, [anchor, head], expected) => {
  expect(countMatches(state(doc, anchor, head), new SearchQuery({ search, ...flags }))).toEqual(expected)
})

it('stops counting where nobody would read on', () => {
  const found = countMatches(state('a'.repeat(5000)), new SearchQuery({ search: 'a' }))
  expect(found).toEqual({ at: 0, total: 999, more: true })
})
