import { computed, nextTick, onScopeDispose, ref, watch, type ComputedRef, type Ref } from 'vue'

const FIRST = 1
const STEP = 1
/** Steps shorter than half of this grow, longer ones shrink: a slow machine stays ready to answer. */
const STEP_MS = 6
const MOST = 4
/** A page that is never idle is drawn all the same. */
const LATEST_MS = 150

/**
 * The items to draw: the first few at once, the rest in steps as large as the machine is fast, while the page has
 * nothing else to do. What has been drawn once stays drawn while the list only changes or grows.
 */
export function useGradually<T>(
  items: Ref<readonly T[]>,
  first = FIRST,
  step = STEP,
): ComputedRef<readonly T[]> {
  const drawn = ref(first)
  let size = step
  let forget = () => undefined as unknown

  function more(): void {
    forget()
    if (drawn.value >= items.value.length) return
    forget = whenIdle(() => {
      const began = performance.now()
      drawn.value += size
      more()
      void nextTick(() => {
        const took = performance.now() - began
        if (took < STEP_MS / 2) size = Math.max(size, Math.min(MOST, size * 2))
        else if (took > STEP_MS) size = Math.max(1, Math.floor(size / 2))
      })
    })
  }

  watch(() => items.value.length, more, { immediate: true })
  onScopeDispose(() => forget())
  return computed(() => (drawn.value >= items.value.length ? items.value : items.value.slice(0, drawn.value)))
}

/** Do something when the browser has answered the hand and painted; returns how to call it off. */
function whenIdle(run: () => void): () => void {
  // Safari has no such callback.
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(run)
    return () => {
      clearTimeout(timer)
    }
  }
  const handle = requestIdleCallback(run, { timeout: LATEST_MS })
  return () => {
    cancelIdleCallback(handle)
  }
}
