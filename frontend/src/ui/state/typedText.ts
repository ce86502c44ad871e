import { refDebounced } from '@vueuse/core'
import { ref, watch, type Ref } from 'vue'

const PAUSE_MS = 180

/** What is being typed into a search box; `text` follows once the typing pauses, and leads when it changes elsewhere. */
export function useTypedText(text: Ref<string>): Ref<string> {
  const typed = ref(text.value)
  const settled = refDebounced(typed, PAUSE_MS)
  watch(settled, (now) => {
    // What is no longer in the box was overtaken from elsewhere while it waited.
    if (now === typed.value) text.value = now.trim()
  })
  watch(text, (now) => {
    if (now !== typed.value.trim()) typed.value = now
  })
  return typed
}
