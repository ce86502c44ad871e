import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef, type Ref } from 'vue'
import { keys } from '@/api/keys'
import type { Filter } from '@/ui/FilterChips.vue'
import { t } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { useTurns } from '@/ui/state/turns'
import type { Filters } from '@/ui/state/urlFilters'
import { listTags } from './api'
import { LANGUAGES } from './scriptsList'
import { useCategories, useFolders } from './shelf'

/** The filters that the list offers; what nobody in the project uses is left out unless it is on. */
export function useOffered(chips: Ref<Filters>): ComputedRef<Filter[]> {
  const preferences = usePreferences()
  // Three questions, a task each.
  const turn = useTurns(3)
  const dueAt = (number: number) => computed(() => turn.value >= number)
  const tags = useQuery({
    queryKey: computed(() => keys.scripts.tags(preferences.project)),
    queryFn: () => listTags(preferences.project),
    enabled: dueAt(1),
    staleTime: 60_000,
  })

  const project = computed(() => preferences.project)
  const folders = useFolders(project, dueAt(2))
  const categories = useCategories(project, dueAt(3))
  const folderChoices = computed(() =>
    (folders.data.value ?? [])
      .filter((folder) => folder.name !== '')
      .map(({ name, count }) => ({ value: name, label: `${name} (${String(count)})`, chip: name })),
  )
  const categoryChoices = computed(() =>
    (categories.data.value ?? []).map(({ name, count }) => ({
      value: name,
      label: `${name} (${String(count)})`,
      chip: name,
    })),
  )

  return computed<Filter[]>(() => [
    {
      key: 'language',
      label: t('scripts.language'),
      choices: LANGUAGES.map((value) => ({ value, label: t(`ui.language.${value}`) })),
    },
    {
      key: 'tag',
      label: t('scripts.tag'),
      many: true,
      choices: (tags.data.value ?? []).map((tag) => ({
        value: tag.name,
        label: `${tag.name} (${String(tag.count)})`,
        chip: tag.name,
      })),
    },
    // What nobody uses is not offered.
    ...(folderChoices.value.length || chips.value.folder
      ? [{ key: 'folder', label: t('scripts.folder'), choices: folderChoices.value }]
      : []),
    ...(categoryChoices.value.length || chips.value.category
      ? [{ key: 'category', label: t('scripts.category'), choices: categoryChoices.value }]
      : []),
    {
      key: 'starred',
      label: t('scripts.starred'),
      choices: [{ value: '1', label: t('scripts.starredByMe'), chip: t('scripts.yes') }],
    },
  ])
}
