import { ref } from 'vue'
import { ask, client } from '@/api/client'
import type { components } from '@/api/schema'

/** What the login page may offer besides name and password; without an answer, nothing. */
export function useSelfService() {
  const offered = ref<components['schemas']['SelfService'] | null>(null)

  // Before a login there is no cache of answers: what keeps one is loaded with the rest of the page.
  ask(client.GET('/api/v1/auth/self-service')).then(
    (answer) => (offered.value = answer),
    () => undefined,
  )
  return { offered }
}
