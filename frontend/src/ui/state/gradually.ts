import { computed, onScopeDispose, ref, watch, type ComputedRef, type Ref } from 'vue'

const FIRST = 8
const STEP = 8

/**
 * The items to draw: the first few at once, the rest in steps between which the browser may answer the hand. What
 * has been drawn once stays drawn while the list only changes or grows.
 */
export function useGradually<T>(
  items: Ref<readonly T[]>,
  first = FIRST,
  step = STEP,
): ComputedRef<readonly T[]> {
  const drawn = ref(first)
  let timer: ReturnType<typeof setTimeout> | undefined

  function more(): void {
    clearTimeout(timer)
    if (drawn.value >= items.value.length) return
    timer = setTimeout(() => {
      drawn.value += step
      more()
    })
  }

  watch(() => items.value.length, more, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(timer)
  })
  return computed(() => (drawn.value >= items.value.length ? items.value : items.value.slice(0, drawn.value)))
}
