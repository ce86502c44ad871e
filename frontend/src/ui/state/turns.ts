import { onMounted, onScopeDispose, ref, type Ref } from 'vue'

/** Lets the browser answer the hand and paint before the rest is done. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

/**
 * Counts from 0 up to `last`, a task each, once the component stands: `v-if="turn > 0"` draws a part in a task of its
 * own. A page that is made in one go keeps a slow machine from answering for half a second.
 */
export function useTurns(last: number): Readonly<Ref<number>> {
  const turn = ref(0)
  let timer: ReturnType<typeof setTimeout> | undefined

  function next(): void {
    if (turn.value >= last) return
    timer = setTimeout(() => {
      turn.value += 1
      next()
    })
  }

  onMounted(next)
  onScopeDispose(() => {
    clearTimeout(timer)
  })
  return turn
}
