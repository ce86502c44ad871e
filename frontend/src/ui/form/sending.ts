import { ref } from 'vue'
import { problemText, refusedFields } from '@/ui/i18n/problem'

/**
 * Sends a form, and says whether that went well. Otherwise `refused` holds the server's words by field; what none of
 * the `shown` fields can say is in `trouble`, and given to `tell` where there is one.
 */
export function useSending(shown: () => readonly string[], tell?: (error: unknown) => void) {
  const busy = ref(false)
  const refused = ref<Record<string, string>>({})
  const trouble = ref('')

  async function send<T>(work: () => Promise<T>, done: (answer: T) => unknown): Promise<boolean> {
    busy.value = true
    refused.value = {}
    trouble.value = ''
    try {
      await done(await work())
      return true
    } catch (error) {
      const fields = refusedFields(error)
      refused.value = fields
      if (shown().some((field) => fields[field])) return false
      trouble.value = problemText(error)
      tell?.(error)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, refused, trouble, send }
}
