import { mount } from '@vue/test-utils'
import { ElInput, ElOption, ElSelect } from 'element-plus'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, reactive, ref } from 'vue'
import ConfirmDelete from './ConfirmDelete.vue'
import DialogBox from './DialogBox.vue'
import { useChanged } from './form/changed'
import FieldBox from './form/FieldBox.vue'
import FormDialog from './form/FormDialog.vue'

let undo: () => void = () => undefined
afterEach(() => {
  undo()
})

function show(content: () => unknown): void {
  const wrapper = mount(defineComponent({ render: content }), { attachTo: document.body })
  undo = () => {
    wrapper.unmount()
    document.body.innerHTML = ''
  }
}
const dialog = (): HTMLElement => document.querySelector<HTMLElement>('.el-dialog') ?? document.body
const button = (text: string) =>
  [...document.querySelectorAll<HTMLButtonElement>('.el-dialog button')].find(
    (one) => one.textContent?.trim() === text,
  )
function press(key: string, on = document.activeElement): void {
  on?.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, bubbles: true, cancelable: true }))
}

describe('DialogBox', () => {
  it('begins with its first field that can be filled in', async () => {
    show(() =>
      h(DialogBox, { title: 'A box' }, () => [h('input', { disabled: true }), h('input', { id: 'name' })]),
    )
    await vi.waitFor(() => {
      expect(document.activeElement?.id).toBe('name')
    })
    expect(dialog().querySelector('header')?.getAttribute('role')).toBe('none')
  })

  it('begins with what is marked for that', async () => {
    show(() =>
      h(DialogBox, { title: 'A box' }, () => [h('input'), h('input', { id: 'b', 'data-first': '' })]),
    )
    await vi.waitFor(() => {
      expect(document.activeElement?.id).toBe('b')
    })
  })

  it.each([
    { answered: false, closes: true },
    { answered: true, closes: false },
  ])('closes by Escape from a closed list of choices: $closes', async ({ answered, closes }) => {
    const open = ref(true)
    show(() =>
      h(
        DialogBox,
        {
          title: 'A box',
          answered,
          modelValue: open.value,
          'onUpdate:modelValue': (now: boolean) => (open.value = now),
        },
        () => h(ElSelect, { modelValue: 'a' }, () => h(ElOption, { value: 'a' })),
      ),
    )
    await vi.waitFor(() => {
      expect(document.activeElement?.getAttribute('role')).toBe('combobox')
    })
    press('Escape')
    await nextTick()
    expect(open.value).toBe(!closes)
  })

  it('leaves Escape to a code editor in it', async () => {
    const heard = vi.fn()
    document.addEventListener('keydown', heard)
    show(() =>
      h(DialogBox, { title: 'A box' }, () => [
        h('div', { class: 'cm-host', tabindex: 0 }),
        h('input', { id: 'after' }),
      ]),
    )
    await vi.waitFor(() => {
      expect(document.activeElement?.id).toBe('after')
    })
    press('Escape', document.querySelector('.cm-host'))
    expect(heard).not.toHaveBeenCalled()
    press('Escape')
    expect(heard).toHaveBeenCalledOnce()
    document.removeEventListener('keydown', heard)
  })
})

describe('ConfirmDelete', () => {
  it('begins where Enter does no harm', async () => {
    show(() => h(ConfirmDelete, { modelValue: true, title: 'Delete it?' }))
    await vi.waitFor(() => {
      expect(document.activeElement?.textContent?.trim()).toBe('Cancel')
    })
  })

  it('begins with the name that is to be typed', async () => {
    show(() => h(ConfirmDelete, { modelValue: true, title: 'Delete it?', typed: 'it' }))
    await vi.waitFor(() => {
      expect(document.activeElement?.tagName).toBe('INPUT')
    })
    expect(button('Delete')?.disabled).toBe(true)
  })
})

describe('FormDialog', () => {
  it('sends what is ready, once, and puts the focus on what was refused', async () => {
    const state = reactive({ ready: false, busy: false, refused: '' })
    const send = vi.fn()
    show(() =>
      h(FormDialog, { title: 'A form', ready: state.ready, busy: state.busy, onSend: send }, () => [
        h('input', { id: 'other' }),
        h(
          FieldBox,
          { label: 'Name', refused: state.refused, help: 'As people call it.' },
          { default: ({ id }: { id: string }) => h(ElInput, { id, modelValue: '' }) },
        ),
      ]),
    )
    await vi.waitFor(() => {
      expect(button('Save')).toBeDefined()
    })
    const form = dialog().querySelector('form')
    form?.requestSubmit()
    expect(send).not.toHaveBeenCalled()
    expect(button('Save')?.disabled).toBe(true)
    state.ready = true
    await nextTick()
    form?.requestSubmit()
    expect(send).toHaveBeenCalledOnce()
    state.busy = true
    await nextTick()
    form?.requestSubmit()
    expect(send).toHaveBeenCalledOnce()
    Object.assign(state, { busy: false, refused: 'Taken.' })
    const field = dialog().querySelector<HTMLInputElement>('.field input')
    await vi.waitFor(() => {
      expect(document.activeElement).toBe(field)
    })
    expect(field?.getAttribute('aria-invalid')).toBe('true')
    expect(document.getElementById(field?.getAttribute('aria-describedby') ?? '')?.textContent).toBe('Taken.')
    state.refused = ''
    await nextTick()
    expect(field?.hasAttribute('aria-invalid')).toBe(false)
    expect(document.getElementById(field?.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
      'As people call it.',
    )
  })
})

describe('useChanged', () => {
  it('tells a change from what was there, and from what was settled', () => {
    const name = ref('a')
    const { changed, settle } = useChanged(() => [name.value])
    expect(changed.value).toBe(false)
    name.value = 'b'
    expect(changed.value).toBe(true)
    settle()
    expect(changed.value).toBe(false)
    name.value = 'a'
    expect(changed.value).toBe(true)
  })
})
