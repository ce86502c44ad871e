import { mount } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { shortcutGroups, useShortcuts, type Shortcut } from './shortcuts'

const mounted: { unmount: () => void }[] = []
function bind(...shortcuts: Omit<Shortcut, 'label'>[]) {
  const wrapper = mount(
    defineComponent(() => {
      useShortcuts(
        'ui.action.more',
        shortcuts.map((shortcut) => ({ label: 'ui.action.more', ...shortcut })),
      )
      return () => h('div', [h('input'), h('button')])
    }),
    { attachTo: document.body },
  )
  mounted.push(wrapper)
  return wrapper
}
function press(key: string, init: KeyboardEventInit = {}, on: Element = document.body) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init })
  on.dispatchEvent(event)
  return event
}

afterEach(() => {
  for (const wrapper of mounted.splice(0)) wrapper.unmount()
})

it('runs the innermost binding, and only while its component lives', () => {
  const outer = vi.fn()
  const inner = vi.fn()
  bind({ keys: 'j', run: outer })
  const page = bind({ keys: 'j', run: inner })
  expect(press('j').defaultPrevented).toBe(true)
  page.unmount()
  mounted.pop()
  press('j')
  expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([1, 1])
  expect(shortcutGroups.value).toHaveLength(1)
})

it('leaves keys alone while somebody types, unless they are meant for it', () => {
  const plain = vi.fn()
  const palette = vi.fn()
  const wrapper = bind({ keys: 'k', run: plain }, { keys: 'mod+k', run: palette, whileTyping: true })
  const input = wrapper.find('input').element
  expect(press('k', {}, input).defaultPrevented).toBe(false)
  press('k', { ctrlKey: true }, input)
  press('k', { metaKey: true })
  expect([plain.mock.calls.length, palette.mock.calls.length]).toEqual([0, 2])
})

it('understands two keys in turn', () => {
  const go = vi.fn()
  bind({ keys: 'g s', run: go })
  press('s')
  press('g')
  press('s')
  expect(go).toHaveBeenCalledTimes(1)
})

it('lets a focused button keep its Enter, and a refused key go on', () => {
  const open = vi.fn()
  const wrapper = bind({ keys: 'Enter', run: open }, { keys: 'x', run: () => false })
  press('Enter', {}, wrapper.find('button').element)
  expect(open).not.toHaveBeenCalled()
  press('Enter')
  expect(open).toHaveBeenCalledTimes(1)
  expect(press('x').defaultPrevented).toBe(false)
})

it('leaves keys to an open dialog, and takes them back once it is closed', () => {
  const run = vi.fn()
  bind({ keys: 'j', run })
  document.body.insertAdjacentHTML(
    'beforeend',
    '<div id="layer"><div role="dialog" aria-modal="true"></div></div>',
  )
  const layer = document.getElementById('layer')
  press('j')
  expect(run).not.toHaveBeenCalled()
  layer?.setAttribute('style', 'display: none;')
  press('j')
  layer?.remove()
  expect(run).toHaveBeenCalledTimes(1)
})
