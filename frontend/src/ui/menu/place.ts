const GAP = 4
const EDGE = 8

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}
interface Size {
  width: number
  height: number
}

/** Where a menu goes: under its button and flush left, above it or flush right where the window ends. */
export function placeFor(button: Box, menu: Size, space: Size): { left: number; top: number } {
  const below = button.bottom + GAP
  const fitsBelow = below + menu.height <= space.height - EDGE
  const top = fitsBelow ? below : Math.max(EDGE, button.top - GAP - menu.height)
  const fitsRight = button.left + menu.width <= space.width - EDGE
  const left = fitsRight ? button.left : Math.max(EDGE, button.right - menu.width)
  return { left, top }
}

export function place(menu: HTMLElement, button: HTMLElement): void {
  const { left, top } = placeFor(
    button.getBoundingClientRect(),
    { width: menu.offsetWidth, height: menu.offsetHeight },
    { width: window.innerWidth, height: window.innerHeight },
  )
  menu.style.left = `${String(left)}px`
  menu.style.top = `${String(top)}px`
}
