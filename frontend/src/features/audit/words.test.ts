import { describe, expect, it } from 'vitest'
import { valueText } from './words'

describe('valueText', () => {
  it.each([
    [null, ''],
    [undefined, ''],
    ['', '""'],
    ['a', 'a'],
    [true, 'true'],
    [3, '3'],
    [['a', 'b'], '[\n "a",\n "b"\n]'],
  ])('says %j', (value, text) => {
    expect(valueText(value)).toBe(text)
  })
})
