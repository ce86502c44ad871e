import { watch } from 'vue'
import type { PageLanguage } from '@/ui/i18n'
import { toastProblem } from '@/ui/toast/toasts'
import { usePreferences, type Theme } from '@/ui/state/preferences'
import { useChangeMe, useMe } from './me'

/** Language and theme: changed here at once, and kept on the profile so that the next browser knows them too. */
export function useTaste() {
  const preferences = usePreferences()
  const change = useChangeMe()

  async function setLanguage(language: PageLanguage): Promise<void> {
    await preferences.setLanguage(language)
    change.mutate({ language }, { onError: toastProblem })
  }

  function setTheme(theme: Theme): void {
    preferences.theme = theme
    change.mutate({ theme }, { onError: toastProblem })
  }

  return { preferences, setLanguage, setTheme }
}

/** Once after a login: what the profile says wins over what this browser happened to have. */
export function useProfileTaste(): void {
  const preferences = usePreferences()
  const me = useMe()
  const stop = watch(
    me.data,
    (known) => {
      if (!known) return
      if (known.theme) preferences.theme = known.theme
      if (known.language && known.language !== preferences.language)
        void preferences.setLanguage(known.language)
      queueMicrotask(() => {
        stop()
      })
    },
    { immediate: true },
  )
}
