import { describe, expect, it } from 'vitest'
import { cellText, shapeOf } from './outputShape'

describe('shapeOf', () => {
  it.each<[string, unknown, object]>([
    ['nothing', null, { kind: 'none' }],
    ['a number', 5, { kind: 'value', value: 5 }],
    ['an object', { a: 1 }, { kind: 'pairs', pairs: [['a', 1]] }],
    ['an empty object', {}, { kind: 'value', value: {} }],
    ['an empty list', [], { kind: 'value', value: [] }],
    ['a list of values', [1, 2], { kind: 'value', value: [1, 2] }],
    [
      'objects with different keys',
      [{ a: 1 }, { b: 2 }],
      {
        kind: 'table',
        columns: ['a', 'b'],
        rows: [
          [1, undefined],
          [undefined, 2],
        ],
        total: 2,
      },
    ],
    [
      'equal lists',
      [
        [1, 2],
        [3, 4],
      ],
      {
        kind: 'table',
        columns: ['1', '2'],
        rows: [
          [1, 2],
          [3, 4],
        ],
        total: 2,
      },
    ],
    ['unequal lists', [[1], [2, 3]], { kind: 'value', value: [[1], [2, 3]] }],
    ['objects among others', [{ a: 1 }, 2], { kind: 'value', value: [{ a: 1 }, 2] }],
  ])('%s', (_name, output, shape) => {
    expect(shapeOf(output)).toEqual(shape)
  })

  it('shows the first rows and counts all', () => {
    const shape = shapeOf(Array.from({ length: 800 }, (_, i) => ({ i })))
    expect(shape.kind === 'table' && [shape.rows.length, shape.total]).toEqual([500, 800])
  })

  it.each([
    ['x', 'x'],
    [null, ''],
    [false, 'false'],
    [{ a: [1] }, '{"a":[1]}'],
  ])('cell %j', (value, text) => {
    expect(cellText(value)).toBe(text)
  })
})
