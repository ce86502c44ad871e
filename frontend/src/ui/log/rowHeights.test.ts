import { describe, expect, it } from 'vitest'
import { RowHeights } from './rowHeights'
import { ScrollScale } from './scrollScale'

describe('RowHeights', () => {
  const of = (count: number, measured: [number, number][] = []) => {
    const heights = new RowHeights(20)
    heights.count = count
    for (const [row, height] of measured) heights.set(row, height)
    return heights
  }

  it.each<[string, number, [number, number][], number, number]>([
    ['the first row', 10, [], 0, 0],
    ['equal rows', 10, [], 7, 140],
    ['a higher row before', 10, [[3, 60]], 4, 120],
    ['a higher row does not move itself', 10, [[3, 60]], 3, 60],
    [
      'a block far before',
      5000,
      [
        [3, 60],
        [600, 40],
      ],
      4000,
      4000 * 20 + 60,
    ],
    ['a row of the same block after does not count', 5000, [[4001, 60]], 4000, 80_000],
    [
      'measured again',
      10,
      [
        [3, 60],
        [3, 20],
      ],
      9,
      180,
    ],
  ])('top: %s', (_name, count, measured, row, top) => {
    expect(of(count, measured).top(row)).toBe(top)
  })

  it('agrees with adding up one by one', () => {
    const measured: [number, number][] = Array.from({ length: 300 }, (_, i) => [
      (i * 37) % 3000,
      20 + ((i * 13) % 90),
    ])
    const heights = of(3000, measured)
    const last = new Map(measured)
    let top = 0
    for (let row = 0; row < 3000; row++) {
      expect(heights.top(row)).toBe(top)
      expect(heights.rowAt(top)).toBe(row)
      expect(heights.rowAt(top + heights.height(row) - 1)).toBe(row)
      top += Math.max(20, last.get(row) ?? 20)
    }
    expect(heights.total).toBe(top)
  })

  it.each<[string, number, number, number, number, { start: number; end: number }]>([
    ['at the top', 100, 0, 100, 2, { start: 0, end: 8 }],
    ['in the middle', 100, 1000, 100, 2, { start: 48, end: 58 }],
    ['between rows', 100, 1010, 100, 0, { start: 50, end: 56 }],
    ['at the bottom', 100, 1900, 100, 2, { start: 93, end: 100 }],
    ['beyond the bottom', 100, 9999, 100, 0, { start: 99, end: 100 }],
    ['nothing', 0, 0, 100, 5, { start: 0, end: 0 }],
  ])('range: %s', (_name, count, y, viewport, overscan, expected) => {
    expect(of(count).range(y, viewport, overscan)).toEqual(expected)
  })

  it('says whether a measurement changed anything', () => {
    const heights = of(10)
    expect(heights.set(1, 20)).toBe(false)
    expect(heights.set(1, 40)).toBe(true)
    expect(heights.set(1, 40)).toBe(false)
    heights.reset()
    expect(heights.total).toBe(200)
  })
})

describe('ScrollScale', () => {
  const scale = (total: number, viewport = 500) => {
    const made = new ScrollScale(10_000)
    made.resize(total, viewport)
    return made
  }

  it('is the plain scroll position while the column fits', () => {
    const made = scale(8000)
    expect(made.height).toBe(8000)
    expect(made.scrolled(1234)).toBe(1234)
    expect(made.place(7600)).toBe(7500)
  })

  it('caps the height of a long column and reaches both ends', () => {
    const made = scale(1_000_000)
    expect(made.height).toBe(10_000)
    expect(made.scrolled(9500)).toBe(999_500)
    expect(made.scrolled(0)).toBe(0)
  })

  it('moves pixel by pixel for small movements', () => {
    const made = scale(1_000_000)
    made.settled(made.place(500_000))
    const at = made.place(500_000)
    expect(made.scrolled(at + 100)).toBe(500_100)
    expect(made.scrolled(at + 60)).toBe(500_060)
  })

  it('jumps to the same fraction', () => {
    const made = scale(1_000_000)
    expect(made.scrolled(4750)).toBeCloseTo(499_750)
  })

  it('places and reads back the same', () => {
    const made = scale(1_000_000)
    const at = made.place(123_456)
    expect(made.scrolled(at)).toBe(123_456)
  })
})
