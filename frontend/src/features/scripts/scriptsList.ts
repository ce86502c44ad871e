import { keepPreviousData, useInfiniteQuery } from '@tanstack/vue-query'
import { computed, ref, toValue, type Ref } from 'vue'
import { keys } from '@/api/keys'
import type { ScriptKind, ScriptSummary } from '@/api/types'
import { usePreferences } from '@/ui/state/preferences'
import { useUrlFilters, useUrlText } from '@/ui/state/urlFilters'
import { listScripts, type ScriptFilters, type ScriptSort } from './api'
import { useLastRuns } from './lastRuns'

export const LANGUAGES = ['python', 'javascript', 'shell', 'sql'] as const

export const SORTS = ['updated', 'name', 'position'] as const satisfies readonly ScriptSort[]

/** What narrows the list, kept in the URL. */
export const useChips = () => useUrlFilters(['language', 'tag', 'folder', 'category', 'starred'])

/** The scripts list: its filters (in the URL), its rows so far, and their last runs. */
export function useScriptsList(kind: Ref<ScriptKind>) {
  const preferences = usePreferences()
  const chips = useChips()
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
  /** The rows stand: it is time to ask how their runs went. */
  const standing = ref(false)
  const lastRuns = useLastRuns(pages, standing)

  return { chips, q, sort, filtered, query, items, standing, lastRuns }
}
