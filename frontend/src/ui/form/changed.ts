import { computed, ref, type ComputedRef } from 'vue'

/** Whether what is filled in differs from what it was when the form was opened, or last `settle`d. */
export function useChanged(value: () => unknown): { changed: ComputedRef<boolean>; settle: () => void } {
  const now = (): string => JSON.stringify(value())
  const before = ref(now())
  return {
    changed: computed(() => now() !== before.value),
    settle: () => (before.value = now()),
  }
}
