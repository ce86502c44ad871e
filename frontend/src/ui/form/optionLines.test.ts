import { expect, it } from 'vitest'
import { linesOf, optionsOf } from './optionLines'

it.each([
  [
    'a\nb',
    [
      { value: 'a', label: '' },
      { value: 'b', label: '' },
    ],
  ],
  [
    'eu-1 = Europe\n\n  us = US  ',
    [
      { value: 'eu-1', label: 'Europe' },
      { value: 'us', label: 'US' },
    ],
  ],
  ['a=b', [{ value: 'a=b', label: '' }]],
  ['a\na = twice', [{ value: 'a', label: '' }]],
  ['', []],
])('reads %j', (lines, options) => {
  expect(optionsOf(lines)).toEqual(options)
})

it('writes what it reads', () => {
  const lines = 'eu = Europe\nus'
  expect(linesOf(optionsOf(lines))).toBe(lines)
})
