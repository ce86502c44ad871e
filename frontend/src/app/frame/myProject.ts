import { computed, watch } from 'vue'
import { useMe } from '@/features/auth/me'
import { usePreferences } from '@/ui/state/preferences'

/** Keeps the project at hand one of one's own; `homeless` is who has none. */
export function useMyProject() {
  const preferences = usePreferences()
  const { data: me } = useMe()
  const mine = computed(() => me.value?.projects.map((one) => one.name))
  watch(
    mine,
    (names) => {
      const [first] = names ?? []
      if (first && !names?.includes(preferences.project)) preferences.project = first
    },
    { immediate: true },
  )
  return { homeless: computed(() => mine.value?.length === 0) }
}
