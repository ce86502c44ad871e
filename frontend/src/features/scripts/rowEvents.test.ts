import { afterEach, beforeEach, expect, it } from 'vitest'
import { ref } from 'vue'
import { useRowEvents } from './rowEvents'

const rows = ref([{ id: 'a' }, { id: 'b' }])
let done: string[]
let table: HTMLElement
let events: ReturnType<typeof useRowEvents<{ id: string }>>

beforeEach(() => {
  done = []
  table = document.createElement('table')
  table.innerHTML = rows.value
    .map(
      ({ id }) => `<tr data-row="${id}"><td>words</td><td>
        <a href="/scripts/${id}" data-do="follow"><b>open</b></a>
        <button data-do="run"><svg></svg></button><button data-do="lift"></button>
        <button data-do="more" aria-label="More for ${id}"></button></td></tr>`,
    )
    .join('')
  document.body.append(table)
  events = useRowEvents(rows, (what, row, _target, range) => {
    done.push(`${what} ${row.id}${range ? ' range' : ''}`)
  })
  for (const [name, hear] of Object.entries(events.handlers))
    table.addEventListener(name, hear as EventListener)
})
afterEach(() => table.remove())

function send(selector: string, event: Event): Event {
  const target = table.querySelector(selector)
  if (!target) throw new Error(selector)
  target.dispatchEvent(event)
  return event
}

const click = (selector: string, how: MouseEventInit = {}) =>
  send(selector, new MouseEvent('click', { bubbles: true, cancelable: true, ...how }))
const press = (selector: string, key: string) =>
  send(selector, new KeyboardEvent('keydown', { bubbles: true, cancelable: true, key }))

it.each<[string, () => Event, string[], boolean]>([
  ['a picture in a button', () => click('[data-row=b] svg'), ['run b'], false],
  ['with Shift', () => click('[data-row=a] [data-do=run]', { shiftKey: true }), ['run a range'], false],
  ['words of the row', () => click('[data-row=a] td'), [], false],
  ['a link', () => click('[data-row=a] b'), ['follow a'], true],
  ['a link, into another tab', () => click('[data-row=a] b', { ctrlKey: true }), [], false],
  ['up on the grip', () => press('[data-row=b] [data-do=lift]', 'ArrowUp'), ['up b'], true],
  ['down on the grip', () => press('[data-row=a] [data-do=lift]', 'ArrowDown'), ['down a'], true],
  ['another key on the grip', () => press('[data-row=a] [data-do=lift]', 'x'), [], false],
  ['down on a link', () => press('[data-row=a] a', 'ArrowDown'), [], false],
])('hears %s', (_name, act, expected, taken) => {
  const event = act()
  expect(done).toEqual(expected)
  expect(event.defaultPrevented).toBe(taken)
})

it('forgets rows that are gone', () => {
  rows.value = [{ id: 'a' }]
  click('[data-row=b] svg')
  rows.value = [{ id: 'a' }, { id: 'b' }]
  expect(done).toEqual([])
})

it.each<[string, () => Event]>([
  ['a click', () => click('[data-row=b] [data-do=more]')],
  ['the arrow down', () => press('[data-row=b] [data-do=more]', 'ArrowDown')],
])('has one menu, opened by %s', (_name, open) => {
  open()
  expect(events.menu.value).toMatchObject({ id: 'b', label: 'More for b' })
  events.pick('copy')
  expect(done).toEqual(['copy b'])
  expect(events.menu.value).toBeNull()
  expect(document.activeElement).toBe(table.querySelector('[data-row=b] [data-do=more]'))
})

it('does not open a menu anew by the click that closed it', () => {
  click('[data-row=a] [data-do=more]')
  // By itself, as a popover does when one clicks outside of it.
  events.closeMenu()
  click('[data-row=a] [data-do=more]')
  expect(events.menu.value).toBeNull()
  click('[data-row=b] [data-do=more]')
  expect(events.menu.value?.id).toBe('b')
})

it('knows the rows under the pointer and with the focus', () => {
  send('[data-row=a] td', new MouseEvent('mouseover', { bubbles: true }))
  send('[data-row=b] a', new FocusEvent('focusin', { bubbles: true }))
  expect([...events.near.value].sort()).toEqual(['a', 'b'])
  send('[data-row=b] a', new FocusEvent('focusout', { bubbles: true, relatedTarget: document.body }))
  expect(events.near.value.has('b')).toBe(false)
  expect(events.near.value.has('a')).toBe(true)
  table.dispatchEvent(new MouseEvent('mouseleave'))
  expect(events.near.value.has('a')).toBe(false)
})
