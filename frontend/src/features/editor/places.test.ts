import { Text } from '@codemirror/state'
import { expect, it } from 'vitest'
import { offsetOf, rangeOf } from './places'

const doc = Text.of(['s = "😀"', '', 'end'])
const at = (line: number, column: number) => ({ line, column })

it.each([
  [at(1, 1), 0],
  [at(1, 6), 5],
  [at(1, 8), 7],
  [at(1, 99), 8],
  [at(0, 0), 0],
  [at(2, 5), 9],
  [at(3, 4), 13],
  [at(9, 1), 13],
])('finds where %j lies', (place, offset) => {
  expect(offsetOf(doc, place)).toBe(offset)
})

it.each([
  [at(1, 1), at(1, 2), { from: 0, to: 1 }],
  [at(1, 3), at(1, 3), { from: 2, to: 3 }],
  [at(3, 4), at(3, 4), { from: 12, to: 13 }],
  [at(2, 1), at(2, 1), { from: 9, to: 9 }],
  [at(3, 3), at(3, 1), { from: 12, to: 13 }],
])('marks something from %j to %j', (start, end, range) => {
  expect(rangeOf(doc, { start, end })).toEqual(range)
})
