import { usePreferredDark, useStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, watchEffect } from 'vue'
import { speak, type PageLanguage } from '@/ui/i18n'

export type Theme = 'light' | 'dark' | 'system'

function preferredLanguage(): PageLanguage {
  return /^zh\b/i.test(navigator.language) ? 'zh-CN' : 'en'
}

/** What this browser remembers about its user's taste. The profile keeps a copy of language and theme. */
export const usePreferences = defineStore('preferences', () => {
  const theme = useStorage<Theme>('runyard.theme', 'system')
  const storedLanguage = useStorage<PageLanguage | ''>('runyard.language', '')
  const railNarrow = useStorage('runyard.rail-narrow', false)
  const project = useStorage('runyard.project', 'default')
  const systemDark = usePreferredDark()

  const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value))
  const language = computed<PageLanguage>(() => storedLanguage.value || preferredLanguage())

  watchEffect(() => document.documentElement.classList.toggle('dark', dark.value))

  async function setLanguage(next: PageLanguage): Promise<void> {
    await speak(next)
    storedLanguage.value = next
  }

  return { theme, dark, language, railNarrow, project, setLanguage }
})
