import { onScopeDispose, readonly, shallowRef } from 'vue'
import type { MessageKey } from '@/ui/i18n'

/**
 * One key or chord: `j`, `?`, `Enter`, `Escape`, `mod+k` (Ctrl or ⌘), or two keys in turn: `g s`.
 * `run` may return false to say "not mine now", and the key goes on to the browser.
 */
export interface Shortcut {
  keys: string
  label: MessageKey
  run: () => unknown
  /** Works while typing too (only sensible with mod). */
  whileTyping?: boolean
}

export interface ShortcutGroup {
  title: MessageKey
  shortcuts: readonly Shortcut[]
}

const SECOND_KEY_MS = 900

const groups = shallowRef<readonly ShortcutGroup[]>([])
/** What is bound now, for the `?` sheet; the innermost page last. */
export const shortcutGroups = readonly(groups)

let first = ''
let firstAt = 0

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, [contenteditable], .cm-host') !== null
  )
}

/** Inside an open dialog only its own keys count. */
function isInDialog(): boolean {
  // A dialog that was closed may stay in the document, inside a layer that is not displayed.
  return [...document.querySelectorAll('[aria-modal="true"]')].some(
    (dialog) => dialog.closest('[style*="display: none"]') === null,
  )
}

export function nameOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : ''
  const alt = event.altKey ? 'alt+' : ''
  const shift = event.shiftKey && event.key.length > 1 ? 'shift+' : ''
  return `${mod}${alt}${shift}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`
}

function find(pressed: string): Shortcut | undefined {
  for (let i = groups.value.length - 1; i >= 0; i--) {
    const hit = groups.value[i]?.shortcuts.find((shortcut) => shortcut.keys === pressed)
    if (hit) return hit
  }
  return undefined
}

function onKeydown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return
  const name = nameOf(event)
  const chord = performance.now() - firstAt < SECOND_KEY_MS ? find(`${first} ${name}`) : undefined
  const shortcut = chord ?? find(name)
  first = event.key.length === 1 && !event.ctrlKey && !event.metaKey ? name : ''
  firstAt = performance.now()
  if (!shortcut) return
  if (!shortcut.whileTyping && (isTyping(event.target) || isInDialog())) return
  // Enter and Space belong to a focused button or link.
  if (
    name === 'Enter' &&
    event.target instanceof HTMLElement &&
    event.target.closest('a, button, [role="menuitem"]')
  )
    return
  if (shortcut.run() !== false) event.preventDefault()
}

/** Do what a key is bound to, for who has only a pointer. */
export function press(keys: string): void {
  find(keys)?.run()
}

let listening = false

/** Bind keys while the calling component lives. `title` heads them on the `?` sheet. */
export function useShortcuts(title: MessageKey, shortcuts: readonly Shortcut[]): void {
  if (!listening) {
    document.addEventListener('keydown', onKeydown)
    listening = true
  }
  const group: ShortcutGroup = { title, shortcuts }
  groups.value = [...groups.value, group]
  onScopeDispose(() => {
    groups.value = groups.value.filter((other) => other !== group)
  })
}
