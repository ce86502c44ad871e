import { describe, expect, it } from 'vitest'
import type { Style } from './ansi'
import { lookOf } from './look'

describe('lookOf', () => {
  it.each<[string, Style, string[], Record<string, string>]>([
    ['nothing', {}, [], {}],
    ['a palette colour', { fg: 1 }, ['a-f1'], {}],
    [
      'an exact colour',
      { fg: 'rgb(1 2 3)' },
      [],
      { color: 'oklch(from rgb(1 2 3) clamp(var(--a-darkest), l, var(--a-lightest)) c h)' },
    ],
    ['switches', { bold: true, underline: true }, ['a-bold', 'a-underline'], {}],
    ['white on red', { fg: 7, bg: 1 }, ['a-b1', 'a-ink-light'], {}],
    ['nothing on yellow', { bg: 3 }, ['a-b3', 'a-ink-dark'], {}],
    ['black on green', { fg: 0, bg: 2 }, ['a-b2', 'a-ink-dark'], {}],
    ['black on black stays legible', { fg: 0, bg: 0 }, ['a-b0', 'a-ink-light'], {}],
    ['inverse of nothing', { inverse: true }, ['a-inverse'], {}],
    ['inverse of red', { fg: 1, inverse: true }, ['a-b1', 'a-ink-dark'], {}],
    ['exact ground', { bg: 'rgb(1 2 3)', fg: 2 }, ['a-f2'], { backgroundColor: 'rgb(1 2 3)' }],
  ])('%s', (_name, style, classes, css) => {
    expect(lookOf(style)).toEqual({ classes, css })
  })
})
