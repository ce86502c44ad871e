import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { speak } from '@/ui/i18n'
import Duration from './Duration.vue'
import ErrorState from './ErrorState.vue'
import FilterChips from './FilterChips.vue'
import StateBadge, { type ShownState } from './StateBadge.vue'
import { dismiss, toast, toasts } from './toast/toasts'

afterEach(() => speak('en'))

describe('StateBadge', () => {
  it.each<[ShownState, string]>([
    ['timed_out', 'Timed out'],
    ['lost', 'Lost'],
    ['never', 'Never run'],
  ])('%s has an icon and the word %s', (state, word) => {
    const badge = mount(StateBadge, { props: { state } })
    expect(badge.text()).toBe(word)
    expect(badge.find('svg[aria-hidden="true"]').exists()).toBe(true)
  })

  it('speaks the page’s language at once', async () => {
    const badge = mount(StateBadge, { props: { state: 'failed' } })
    await speak('zh-CN')
    await nextTick()
    expect(badge.text()).toBe('失败')
  })
})

describe('Duration', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-01-01T00:01:00Z') })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ticks while there is no end, and stands still then', async () => {
    const duration = mount(Duration, { props: { from: '2026-01-01T00:00:30Z' } })
    expect(duration.text()).toBe('30 s')
    await vi.advanceTimersByTimeAsync(31_000)
    expect(duration.text()).toBe('1 m 1 s')
    await duration.setProps({ to: '2026-01-01T00:00:30.250Z' })
    expect(duration.text()).toBe('250 ms')
    duration.unmount()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is a dash without a start', () => {
    expect(mount(Duration, { props: { from: null } }).text()).toBe('–')
  })
})

describe('ErrorState', () => {
  it('says what failed, its code, and offers to try again', async () => {
    const error = Object.assign(new Error('No database.'), {
      code: 'out_of_paper',
      requestId: 'req_1',
    })
    const state = mount(ErrorState, { props: { error } })
    expect(state.text()).toContain('No database.')
    expect(state.text()).toContain('out_of_paper')
    expect(state.text()).toContain('req_1')
    await state.find('button').trigger('click')
    expect(state.emitted('retry')).toHaveLength(1)
  })
})

describe('ErrorState of what is not there', () => {
  it.each([
    [404, 'This is not here'],
    [403, 'This is not open to you'],
    [500, 'This could not be loaded'],
  ])('heads %i with %s', (status, head) => {
    const error = Object.assign(new Error('Said.'), { status, code: 'x' })
    expect(mount(ErrorState, { props: { error } }).get('h2').text()).toBe(head)
  })

  it('says plainly what a proxy answers in its own way', () => {
    const error = Object.assign(new Error('HTTP 502'), { status: 502, code: 'gateway_trouble' })
    const state = mount(ErrorState, { props: { error } })
    expect(state.text()).toContain('It may be restarting')
    expect(state.text()).not.toContain('HTTP 502')
  })
})

describe('FilterChips', () => {
  const filters = [
    {
      key: 'state',
      label: 'State',
      many: true,
      choices: [{ value: 'lost', label: 'Lost (3)', chip: 'Lost' }],
    },
    { key: 'language', label: 'Language', choices: [{ value: 'shell', label: 'Shell' }] },
  ]

  it('shows what is on and takes it off', async () => {
    const chips = mount(FilterChips, {
      props: { filters, modelValue: { state: ['lost', 'odd'], language: ['shell'] } },
    })
    expect(chips.findAll('.chip').map((chip) => chip.text())).toEqual([
      'State: Lost',
      'State: odd',
      'Language: Shell',
    ])
    await chips.find('.chip').trigger('click')
    expect(chips.emitted('update:modelValue')).toEqual([[{ state: ['odd'], language: ['shell'] }]])
  })
})

describe('toasts', () => {
  it('leave after a while, those with a way back later', () => {
    vi.useFakeTimers()
    toast('plain')
    const undo = vi.fn()
    toast('deleted', { action: { label: 'Undo', run: undo } })
    vi.advanceTimersByTime(6000)
    expect(toasts.value.map(({ text }) => text)).toEqual(['deleted'])
    vi.advanceTimersByTime(4000)
    expect(toasts.value).toEqual([])
    expect(undo).not.toHaveBeenCalled()
    vi.useRealTimers()
  })

  it('never pile up past three', () => {
    const ids = ['a', 'b', 'c', 'd'].map((text) => toast(text))
    expect(toasts.value.map(({ text }) => text)).toEqual(['b', 'c', 'd'])
    ids.forEach(dismiss)
  })
})
