import { computed, ref, type Ref } from 'vue'

interface Menu {
  id: string
  anchor: HTMLElement
  label: string
}

/** What is to be done to a row; `range` when Shift was held. */
type Act<T> = (what: string, row: T, target: HTMLElement, range: boolean) => void

/** A click that closes a menu by itself, on the button that opened it, comes this soon after. */
const SAME_CLICK_MS = 120

/**
 * What is done to one of many rows, heard in one place: elements say by `data-do` what they do, rows by `data-row`
 * which they are. A listener or a component for each would be thousands.
 */
export function useRowEvents<T extends { id: string }>(rows: Ref<readonly T[]>, act: Act<T>) {
  const pointed = ref<string>()
  const focused = ref<string>()
  const menu = ref<Menu | null>(null)
  let closed: { id: string; at: number } | null = null

  function idOf(target: EventTarget | null): string | undefined {
    return target instanceof Element ? target.closest<HTMLElement>('[data-row]')?.dataset.row : undefined
  }

  function doer(event: Event): HTMLElement | null {
    return event.target instanceof Element ? event.target.closest<HTMLElement>('[data-do]') : null
  }

  function tell(what: string, id: string | undefined, target: HTMLElement, range = false): void {
    const row = rows.value.find((one) => one.id === id)
    if (row) act(what, row, target, range)
  }

  function openMenu(id: string, anchor: HTMLElement): void {
    menu.value = { id, anchor, label: anchor.getAttribute('aria-label') ?? '' }
  }

  function closeMenu(): void {
    const was = menu.value
    if (!was) return
    const at = document.activeElement
    const hadFocus = at === document.body || at?.closest('[role="menu"]')
    closed = { id: was.id, at: performance.now() }
    menu.value = null
    if (hadFocus) was.anchor.focus()
  }

  function click(event: MouseEvent): void {
    const target = doer(event)
    const id = idOf(target)
    const what = target?.dataset.do
    if (!target || !id || !what) return
    if (what === 'more') {
      const isSameClick = closed?.id === id && performance.now() - closed.at < SAME_CLICK_MS
      if (menu.value?.id === id) closeMenu()
      else if (!isSameClick) openMenu(id, target)
      return
    }
    if (what === 'follow') {
      // Into another tab or window: the browser's own affair.
      if (event.defaultPrevented || event.metaKey || event.altKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
    }
    tell(what, id, target, event.shiftKey)
  }

  function keydown(event: KeyboardEvent): void {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
    const target = event.target as HTMLElement
    const id = idOf(target)
    if (!id) return
    if (target.dataset.do === 'lift') tell(event.key === 'ArrowUp' ? 'up' : 'down', id, target)
    else if (target.dataset.do === 'more' && event.key === 'ArrowDown') openMenu(id, target)
    else return
    event.preventDefault()
  }

  return {
    /** Rows under the pointer or with the focus. */
    near: computed(() => new Set([pointed.value, focused.value])),
    /** The one open menu: whose it is, and the button it belongs to. */
    menu,
    closeMenu,
    pick(what: string): void {
      const was = menu.value
      closeMenu()
      if (was) tell(what, was.id, was.anchor)
    },
    handlers: {
      click,
      keydown,
      mouseover: (event: MouseEvent) => (pointed.value = idOf(event.target)),
      mouseleave: () => (pointed.value = undefined),
      focusin: (event: FocusEvent) => (focused.value = idOf(event.target)),
      focusout: (event: FocusEvent) => (focused.value = idOf(event.relatedTarget)),
    },
  }
}
