import { useEventListener } from '@vueuse/core'
import { ref, type Ref } from 'vue'
import { onBeforeRouteLeave, onBeforeRouteUpdate } from 'vue-router'

export type Answer = 'stay' | 'leave' | 'save'

/**
 * Ask before unsaved work is left: `asking` opens the question, `answer` ends it. Closing the tab gets the browser's
 * own question. `save` says whether it worked; if not, the page stays.
 */
export function useLeaveGuard(isDirty: Ref<boolean>, save: () => Promise<boolean>) {
  const asking = ref(false)
  let settle: ((answer: Answer) => void) | null = null
  let allowed = false

  useEventListener(globalThis, 'beforeunload', (event: BeforeUnloadEvent) => {
    if (isDirty.value) event.preventDefault()
  })

  async function guard(): Promise<boolean> {
    if (!isDirty.value || allowed) return true
    asking.value = true
    const answer = await new Promise<Answer>((resolve) => (settle = resolve))
    asking.value = false
    if (answer === 'leave') return true
    return answer === 'save' ? save() : false
  }
  onBeforeRouteLeave(guard)
  onBeforeRouteUpdate((to, from) => (to.path === from.path ? true : guard()))

  return {
    asking,
    answer: (answer: Answer) => settle?.(answer),
    /** The next change of page needs no question (the work was just saved or thrown away on purpose). */
    allow: () => (allowed = true),
  }
}
