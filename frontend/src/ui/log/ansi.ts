/* eslint-disable no-control-regex -- control characters are what this module is about */
/**
 * Terminal text as styled pieces: one line in, segments out.
 *
 * Understood: SGR (bold, dim, italic, underline, inverse, hidden, strike, 16/256/24-bit colours), carriage return
 * (the line is written anew), backspace, erase line. Every other escape and control character is dropped.
 * Colours do not cross lines, so that any line of a log can be shown without reading the ones before it.
 */

/** 0–15 is a palette colour (a class), a string is an exact one (`rgb(1 2 3)`). */
export type Colour = number | string

export interface Style {
  fg?: Colour
  bg?: Colour
  bold?: boolean
  dim?: boolean
  italic?: boolean
  underline?: boolean
  strike?: boolean
  inverse?: boolean
  hidden?: boolean
}

export interface Segment {
  text: string
  style: Style
}

const PLAIN: Style = {}
const ESC = '\u001b'
// Control characters other than tab; also the C1 set, whose members some terminals obey.
const SPECIAL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/
const CSI = /^(?:\u001b\[|\u009b)([0-?]*)[ -/]*(?:([@-~])|$)/
// Operating system commands, and the other string escapes, end with BEL or ST.
const STRING =
  /^(?:\u001b[\]PX^_]|[\u0090\u0098\u009d\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)/
const OTHER = /^\u001b[ -/]*[0-~]?/

/** Split `line` (no line feed in it) into styled segments; neighbours never share a style. */
export function parseAnsi(line: string): Segment[] {
  if (!SPECIAL.test(line)) return line ? [{ text: line, style: PLAIN }] : []
  let segments: Segment[] = []
  let style: Style = PLAIN
  let rewind = false
  let at = 0

  const write = (text: string) => {
    if (!text) return
    if (rewind) segments = []
    rewind = false
    const last = segments.at(-1)
    if (last && last.style === style) last.text += text
    else segments.push({ text, style })
  }

  while (at < line.length) {
    const next = line.slice(at).search(SPECIAL)
    if (next < 0) {
      write(line.slice(at))
      break
    }
    write(line.slice(at, at + next))
    at += next
    const rest = line.slice(at)
    const csi = CSI.exec(rest)
    if (csi) {
      at += csi[0].length
      if (csi[2] === 'm') style = restyle(style, csi[1] ?? '')
      else if (csi[2] === 'K' && (csi[1] === '2' || csi[1] === '1')) segments = []
      else if (csi[2] === 'G' && (csi[1] === '' || csi[1] === '1')) rewind = true
      continue
    }
    const dropped = STRING.exec(rest) ?? (rest.startsWith(ESC) ? OTHER.exec(rest) : null)
    if (dropped) {
      at += dropped[0].length
      continue
    }
    if (rest.startsWith('\r')) rewind = true
    else if (rest.startsWith('\b')) rub(segments)
    at += 1
  }
  return segments.filter((segment) => segment.text)
}

/** The text that a reader sees: `parseAnsi` without the styles. */
export function plainText(line: string): string {
  return SPECIAL.test(line)
    ? parseAnsi(line)
        .map((segment) => segment.text)
        .join('')
    : line
}

function rub(segments: Segment[]) {
  const last = segments.at(-1)
  if (!last) return
  last.text = last.text.slice(0, -1)
  if (!last.text) segments.pop()
}

const SWITCHES: Record<number, keyof Style> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  8: 'hidden',
  9: 'strike',
  21: 'underline',
}
const ENDS: Record<number, (keyof Style)[]> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  28: ['hidden'],
  29: ['strike'],
  39: ['fg'],
  49: ['bg'],
}

/** The style after the SGR parameters in `codes`; the same object when nothing changes. */
function restyle(style: Style, codes: string): Style {
  // 4:3 (curly underline) and 38:2::r:g:b are the colon forms of the same thing.
  const parts = codes.split(';').map((part) => part.split(':').map((word) => Number(word || 0)))
  const next: Style = { ...style }
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? [0]
    const code = part[0] ?? 0
    if (code === 0) for (const key of Object.keys(next) as (keyof Style)[]) Reflect.deleteProperty(next, key)
    else if (code === 4 && part[1] === 0) next.underline = undefined
    else if (SWITCHES[code]) Object.assign(next, { [SWITCHES[code]]: true })
    else if (ENDS[code]) for (const key of ENDS[code]) Reflect.deleteProperty(next, key)
    else if (code >= 30 && code <= 37) next.fg = code - 30
    else if (code >= 40 && code <= 47) next.bg = code - 40
    else if (code >= 90 && code <= 97) next.fg = code - 82
    else if (code >= 100 && code <= 107) next.bg = code - 92
    else if (code === 38 || code === 48) {
      const flat = part.length > 1 ? colonForm(part) : parts.slice(i + 1).map((word) => word[0] ?? 0)
      const [colour, used] = extended(flat)
      if (colour !== undefined) next[code === 38 ? 'fg' : 'bg'] = colour
      if (part.length === 1) i += used
    }
  }
  return same(style, next) ? style : next
}

/** `38:2:<space>:r:g:b` has a colour-space field that `38:2:r:g:b` lacks. */
function colonForm(part: number[]): number[] {
  const rest = part.slice(1)
  return rest[0] === 2 && rest.length >= 5 ? [2, ...rest.slice(2)] : rest
}

/** Read `5;n` or `2;r;g;b`; also how many numbers were used. */
function extended(words: number[]): [Colour | undefined, number] {
  const [kind, a = 0, b = 0, c = 0] = words
  if (kind === 5) return [indexed(a), 2]
  if (kind === 2) return [rgb(a, b, c), 4]
  return [undefined, 1]
}

const CUBE = [0, 95, 135, 175, 215, 255]

function indexed(n: number): Colour | undefined {
  if (n < 0 || n > 255) return undefined
  if (n < 16) return n
  if (n > 231) return rgb(8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10)
  const cell = n - 16
  return rgb(CUBE[Math.floor(cell / 36)] ?? 0, CUBE[Math.floor(cell / 6) % 6] ?? 0, CUBE[cell % 6] ?? 0)
}

function rgb(...parts: number[]): string {
  return `rgb(${parts.map((part) => Math.max(0, Math.min(255, part))).join(' ')})`
}

function same(one: Style, other: Style): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof Style>
  for (const key of keys) if (one[key] !== other[key]) return false
  return true
}
