import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import MenuButton from './MenuButton.vue'

let wrapper: VueWrapper
const menu = () => document.querySelector('[role="menu"]')
const button = () => wrapper.find('button[aria-haspopup]')

async function press(): Promise<void> {
  await button().trigger('pointerdown')
  // An open popover closes by itself before the click is told.
  if (menu()) wrapper.findComponent({ name: 'MenuList' }).vm.$emit('close')
  await button().trigger('click', { detail: 1 })
}

beforeEach(() => {
  HTMLElement.prototype.showPopover ??= () => undefined
  wrapper = mount(MenuButton, {
    props: { label: 'Actions', items: [{ value: 'go', label: 'Go' }] },
    attachTo: document.body,
  })
})
afterEach(() => {
  wrapper.unmount()
})

describe('MenuButton', () => {
  it('opens by one press and closes by the next', async () => {
    await press()
    expect(menu()).not.toBeNull()
    await press()
    expect(menu()).toBeNull()
    await press()
    expect(menu()).not.toBeNull()
  })

  it('opens again at once after a pick', async () => {
    await press()
    await wrapper.find('[role="menuitem"]').trigger('click')
    expect(wrapper.emitted('pick')).toEqual([['go']])
    expect(menu()).toBeNull()
    await press()
    expect(menu()).not.toBeNull()
  })

  it('is opened by a key, whatever a finger began before that and slid off', async () => {
    await press()
    await button().trigger('pointerdown')
    wrapper.findComponent({ name: 'MenuList' }).vm.$emit('close')
    await nextTick()
    expect(menu()).toBeNull()
    await button().trigger('click', { detail: 0 })
    expect(menu()).not.toBeNull()
  })
})
