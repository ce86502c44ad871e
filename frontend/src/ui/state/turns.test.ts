import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, type Ref } from 'vue'
import { useTurns } from './turns'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function standing(last: number) {
  let turn!: Readonly<Ref<number>>
  const page = mount(
    defineComponent(() => {
      turn = useTurns(last)
      return () => h('p', String(turn.value))
    }),
  )
  return { page, turn }
}

it('takes a task for each turn, and stops at the last', async () => {
  const { page, turn } = standing(2)
  const drawn = [page.text()]
  for (let task = 0; task < 10 && vi.getTimerCount() > 0; task += 1) {
    const before = turn.value
    vi.advanceTimersToNextTimer()
    expect(turn.value - before).toBeLessThanOrEqual(1)
    await nextTick()
    if (drawn.at(-1) !== page.text()) drawn.push(page.text())
  }
  expect(drawn).toEqual(['0', '1', '2'])
})

it('ends with its page', () => {
  const { page } = standing(5)
  page.unmount()
  expect(vi.getTimerCount()).toBe(0)
})
