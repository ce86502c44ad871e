import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { useGradually } from './gradually'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('draws the first few at once and the rest step by step, in order', async () => {
  const items = ref<number[]>([])
  const scope = effectScope()
  const drawn = scope.run(() => useGradually(items, 2, 3))
  items.value = upTo(7)
  expect(drawn?.value).toEqual([0, 1])
  await nextTick()
  vi.advanceTimersToNextTimer()
  expect(drawn?.value).toEqual(upTo(5))
  vi.advanceTimersToNextTimer()
  expect(drawn?.value).toEqual(upTo(7))
  expect(vi.getTimerCount()).toBe(0)
  // A change in place is shown at once, also past the first few.
  items.value = upTo(7).reverse()
  expect(drawn?.value).toEqual(upTo(7).reverse())
  items.value = upTo(40)
  await nextTick()
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})
