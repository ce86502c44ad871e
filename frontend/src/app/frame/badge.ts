import { computed, onMounted, ref } from 'vue'
import { useWaiting } from '@/features/approvals/queries'

const LATER_MS = 1500

/** How many requests wait for whoever is logged in; asked for once the page stands. */
export function useBadge() {
  const standing = ref(false)
  const { data } = useWaiting(standing)
  onMounted(() => {
    setTimeout(() => (standing.value = true), LATER_MS)
  })
  return computed(() => data.value ?? 0)
}
