import { useMediaQuery } from '@vueuse/core'
import type { Ref } from 'vue'

/**
 * Whether the window is as narrow as a phone's: `@media (max-width: 720px)`, for what is then not hidden but never
 * made. Most of a start is making elements, and a phone is slowest at it.
 */
export function useNarrow(): Ref<boolean> {
  return useMediaQuery('(max-width: 720px)')
}
