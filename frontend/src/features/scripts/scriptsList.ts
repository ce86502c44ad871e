import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, toValue, type Ref } from 'vue'
import { keys } from '@/api/keys'
import type { ScriptKind, ScriptSummary } from '@/api/types'
import { t } from '@/ui/i18n'
import type { Filter } from '@/ui/FilterChips.vue'
import { usePreferences } from '@/ui/state/preferences'
import { useUrlFilters, useUrlText } from '@/ui/state/urlFilters'
import { listScripts, listTags, type ScriptFilters, type ScriptSort } from './api'
import { useLastRuns } from './lastRuns'
import { useCategories, useFolders } from './shelf'

const LANGUAGES = ['python', 'javascript', 'shell'] as const

export const SORTS = ['updated', 'name', 'position'] as const satisfies readonly ScriptSort[]

/** The scripts list: its filters (in the URL), its rows so far, and their last runs. */
export function useScriptsList(kind: Ref<ScriptKind>) {
  const preferences = usePreferences()
  const chips = useUrlFilters(['language', 'tag', 'folder', 'category', 'starred'])
  const q = useUrlText('q')
  const sortText = useUrlText('sort')
  const sort = computed<ScriptSort>({
    get: () => SORTS.find((one) => one === sortText.value) ?? 'updated',
    set: (next) => (sortText.value = next === 'updated' ? '' : next),
  })

  const filters = computed<ScriptFilters>(() => {
    // Anything can stand in an address; only languages that exist are asked for.
    const language = LANGUAGES.find((one) => one === chips.value.language?.[0])
    return {
      project: preferences.project,
      kind: kind.value,
      sort: sort.value,
      ...(q.value ? { q: q.value } : {}),
      ...(language ? { language } : {}),
      ...(chips.value.tag ? { tag: chips.value.tag } : {}),
      ...(chips.value.folder?.[0] ? { folder: chips.value.folder[0] } : {}),
      ...(chips.value.category?.[0] ? { category: chips.value.category[0] } : {}),
      ...(chips.value.starred ? { starred: true } : {}),
    }
  })
  const filtered = computed(() => Boolean(q.value) || Object.keys(chips.value).length > 0)

  const query = useInfiniteQuery({
    queryKey: computed(() => keys.scripts.list(filters.value)),
    queryFn: ({ pageParam }) => listScripts(toValue(filters), pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    // While one types, the old rows stay until the new ones are there.
    placeholderData: keepPreviousData,
  })
  const pages = computed(() => query.data.value?.pages ?? [])
  const items = computed<ScriptSummary[]>(() => pages.value.flatMap((page) => page.items))
  const lastRuns = useLastRuns(pages)

  const tags = useQuery({
    queryKey: computed(() => keys.scripts.tags(preferences.project)),
    queryFn: () => listTags(preferences.project),
    staleTime: 60_000,
  })

  const project = computed(() => preferences.project)
  const folders = useFolders(project)
  const categories = useCategories(project)
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

  const offered = computed<Filter[]>(() => [
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

  return { chips, q, sort, filtered, query, items, lastRuns, offered }
}
