import { computed, type WritableComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw, type LocationQueryValue } from 'vue-router'

/** What is on, by filter: `{ state: ['failed', 'lost'] }`. Filters without a value are left out. */
export type Filters = Record<string, string[]>

function values(raw: LocationQueryValue | LocationQueryValue[] | undefined): string[] {
  if (raw === undefined || raw === null) return []
  return (Array.isArray(raw) ? raw : [raw]).filter((value): value is string => Boolean(value))
}

/**
 * The chips of a list, kept in the URL under `names`; other parts of the query stay. Writing replaces the address,
 * so that Back leaves the list rather than walking through every chip.
 */
export function useUrlFilters(names: readonly string[]): WritableComputedRef<Filters> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const on: Filters = {}
      for (const name of names) {
        const here = values(route.query[name])
        if (here.length) on[name] = here
      }
      return on
    },
    set: (next) => {
      const query: LocationQueryRaw = { ...route.query }
      for (const name of names) {
        const here = next[name] ?? []
        query[name] = here.length > 1 ? here : here[0]
      }
      void router.replace({ query, hash: route.hash })
    },
  })
}

/** One text in the URL, e.g. the search words under `q`. */
export function useUrlText(name: string): WritableComputedRef<string> {
  const filters = useUrlFilters([name])
  return computed({
    get: () => filters.value[name]?.[0] ?? '',
    set: (text) => {
      filters.value = { [name]: text ? [text] : [] }
    },
  })
}
