import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, nextTick, shallowRef } from 'vue'
import { useRows, type Rows } from './rows'

interface Item {
  id: string
}
const open = vi.fn()
const items = shallowRef<Item[]>([])
let rows: Rows<Item>
let wrapper: { unmount: () => void }
const press = (key: string) =>
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
const selected = () => [...rows.selected.value].sort()

beforeEach(() => {
  open.mockReset()
  items.value = ['a', 'b', 'c', 'd'].map((id) => ({ id }))
  wrapper = mount(
    defineComponent(() => {
      rows = useRows({ items, title: 'ui.action.more', open })
      return () => null
    }),
  )
})
afterEach(() => {
  wrapper.unmount()
})

it('walks by j and k without leaving the list, and opens by Enter', () => {
  press('Enter')
  expect(open).not.toHaveBeenCalled()
  for (const key of ['k', 'j', 'j', 'j', 'j', 'j', 'k']) press(key)
  press('Enter')
  expect(open).toHaveBeenCalledWith({ id: 'c' })
})

it('selects one by one, in ranges, and all; Escape forgets', () => {
  press('j')
  press('x')
  expect(selected()).toEqual(['a'])
  rows.toggle('c', true)
  expect(selected()).toEqual(['a', 'b', 'c'])
  rows.toggleAll()
  expect(rows.allSelected.value).toBe(true)
  rows.toggleAll()
  expect(selected()).toEqual([])
  press('x')
  press('Escape')
  expect(selected()).toEqual([])
})

it('keeps the cursor on its row when the list moves, and drops what has left from the selection', async () => {
  press('j')
  press('j')
  press('x')
  rows.toggle('d')
  items.value = [{ id: 'new' }, { id: 'a' }, { id: 'b' }]
  await nextTick()
  expect(rows.current.value?.id).toBe('b')
  expect(selected()).toEqual(['b'])
})
