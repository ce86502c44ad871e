import type { Style } from './ansi'

export interface Look {
  classes: string[]
  /** Colours that no class has; set through the style object, which a strict content policy allows. */
  css: Record<string, string>
}

const PLAIN: Look = { classes: [], css: {} }
const SWITCHES = ['bold', 'dim', 'italic', 'underline', 'strike', 'hidden'] as const
/** Palette grounds that carry dark ink; the others carry white. */
const LIGHT_GROUNDS = new Set([3, 7, 11, 15, 10, 14])
/** Black and the two whites are legible on their own ground only: on a coloured one the ground chooses the ink. */
const NEUTRAL = new Set<unknown>([undefined, 0, 7, 15])
const looks = new WeakMap<Style, Look>()

/** Classes and colours for a terminal style. */
export function lookOf(style: Style): Look {
  let look = looks.get(style)
  if (!look) {
    look = make(style)
    looks.set(style, look)
  }
  return look
}

/** An exact colour on the page's own ground: its lightness is kept within what can be read there. */
function legible(colour: string): string {
  return `oklch(from ${colour} clamp(var(--a-darkest), l, var(--a-lightest)) c h)`
}

function make(style: Style): Look {
  const classes: string[] = SWITCHES.filter((key) => style[key]).map((key) => `a-${key}`)
  const css: Record<string, string> = {}
  const { fg, bg } = style
  if (style.inverse && fg === undefined && bg === undefined) classes.push('a-inverse')
  else {
    const ink = style.inverse ? (bg ?? 0) : fg
    const ground = style.inverse ? (fg ?? 7) : bg
    if (typeof ground === 'number') classes.push(`a-b${String(ground)}`)
    else if (ground !== undefined) css.backgroundColor = ground
    if (typeof ground === 'number' && NEUTRAL.has(ink)) {
      const dark = ink === 0 || LIGHT_GROUNDS.has(ground)
      classes.push(dark && ground !== 0 && ground !== 8 ? 'a-ink-dark' : 'a-ink-light')
    } else if (typeof ink === 'number') classes.push(`a-f${String(ink)}`)
    else if (ink !== undefined) css.color = ground === undefined ? legible(ink) : ink
  }
  return classes.length || Object.keys(css).length ? { classes, css } : PLAIN
}
