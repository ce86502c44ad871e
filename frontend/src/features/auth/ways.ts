import { onMounted, readonly, ref } from 'vue'
import { readWays, type Ways } from '@/api/ways'

const KEPT = 'runyard.ways'
const USUAL: Ways = { form: true, local: true, oidc: null }

/** How people sign in here: at once what it was the last time, then what the server says. */
export function useWays() {
  const ways = ref<Ways>(kept() ?? USUAL)
  onMounted(async () => {
    const told = await readWays()
    if (!told) return
    ways.value = told
    try {
      localStorage.setItem(KEPT, JSON.stringify(told))
    } catch {
      // Storage can be forbidden; then the form is seen for a moment each time.
    }
  })
  return readonly(ways)
}

function kept(): Ways | null {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Partial<Ways> | null
    const label = found?.oidc?.label
    if (typeof found?.form !== 'boolean') return null
    return {
      form: found.form,
      local: found.local === true,
      second_factor: found.second_factor ?? 'optional',
      oidc: typeof label === 'string' ? { label } : null,
    }
  } catch {
    return null
  }
}
