import { expect, it } from 'vitest'
import { firstPlace, nameOf } from './definitions'

const range = { start: { line: 1, character: 2 }, end: { line: 1, character: 3 } }

it.each([
  [null, null],
  [[], null],
  ['nonsense', null],
  [{ more: 1 }, null],
  [
    { uri: 'a', range },
    { uri: 'a', range },
  ],
  [
    [
      { uri: 'a', range },
      { uri: 'b', range },
    ],
    { uri: 'a', range },
  ],
  [[{ targetUri: 'c', targetSelectionRange: range, targetRange: range }], { uri: 'c', range }],
])('reads %j', (answer, place) => {
  expect(firstPlace(answer)).toEqual(place)
})

it.each([
  ['file:///environment/lib/python3.12/site-packages/pandas/core/frame.py', 'pandas/core/frame.py'],
  ['vendored:///stdlib/json/__init__.pyi', 'json/__init__.pyi'],
  ['file:///library/%40types/node/fs.d.ts', '@types/node/fs.d.ts'],
  ['file:///environment/node_modules/marked/lib/marked.d.ts', 'marked/lib/marked.d.ts'],
  ['file:///usr/lib/x%20y.py', 'usr/lib/x y.py'],
])('names %s', (uri, name) => {
  expect(nameOf(uri)).toBe(name)
})
