import { useQueryClient, type QueryKey } from '@tanstack/vue-query'
import { computed, nextTick, ref, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { Page, ScriptSummary } from '@/api/types'
import { t } from '@/ui/i18n'
import { toastProblem } from '@/ui/toast/toasts'

export type Side = 'before' | 'after'

/** A list with the rows `ids` moved to one side of another row, in the order in which they stood. */
export function moved<T extends { id: string }>(
  rows: readonly T[],
  ids: readonly string[],
  target: string,
  side: Side,
): T[] {
  const going = new Set(ids)
  if (going.has(target)) return [...rows]
  const staying = rows.filter((row) => !going.has(row.id))
  const at = staying.findIndex((row) => row.id === target)
  if (at < 0) return [...rows]
  const moving = rows.filter((row) => going.has(row.id))
  return staying.toSpliced(side === 'before' ? at : at + 1, 0, ...moving)
}

interface Pages {
  pages: Page<ScriptSummary>[]
}

/** Puts scripts in order by hand: rows are dragged by their grip, or moved with the arrow keys on it. */
export function useOrdering(items: Ref<readonly ScriptSummary[]>, selected: Ref<ReadonlySet<string>>) {
  const queries = useQueryClient()
  const dragged = ref<readonly string[]>([])
  const over = ref<{ id: string; side: Side } | null>(null)
  const told = ref('')

  async function place(ids: readonly string[], target: string, side: Side): Promise<void> {
    const before = queries.getQueriesData<Pages>({ queryKey: keys.scripts.lists })
    lay(before, ids, target, side)
    try {
      await ask(client.POST('/api/v1/scripts/place', { body: { script_ids: [...ids], [side]: target } }))
      const [first] = ids
      const at = items.value.findIndex((row) => row.id === first)
      if (at >= 0)
        told.value = t('scripts.order.moved', {
          name: items.value[at]?.name ?? '',
          n: at + 1,
          total: items.value.length,
        })
    } catch (error) {
      for (const [key, pages] of before) queries.setQueryData(key, pages)
      toastProblem(error)
    } finally {
      void queries.invalidateQueries({ queryKey: keys.scripts.lists })
    }
  }

  /** Shown at once; pages stay as long as they were. */
  function lay(
    lists: readonly [QueryKey, Pages | undefined][],
    ids: readonly string[],
    target: string,
    side: Side,
  ): void {
    for (const [key, list] of lists) {
      if (!list?.pages || !isByHand(key)) continue
      const rows = moved(
        list.pages.flatMap((page) => page.items),
        ids,
        target,
        side,
      )
      let from = 0
      const pages = list.pages.map((page) => {
        const part = rows.slice(from, from + page.items.length)
        from += page.items.length
        return { ...page, items: part }
      })
      queries.setQueryData(key, { ...list, pages })
    }
  }

  return {
    told,
    over,
    isDragging: computed(() => dragged.value.length > 0),
    /** Takes the row along, and with it every other that is selected if it is one of them. */
    lift(id: string): void {
      dragged.value = selected.value.has(id)
        ? items.value.filter((row) => selected.value.has(row.id)).map((row) => row.id)
        : [id]
    },
    hover(id: string, side: Side): void {
      over.value = dragged.value.length > 0 && !dragged.value.includes(id) ? { id, side } : null
    },
    leave(): void {
      dragged.value = []
      over.value = null
    },
    async drop(): Promise<void> {
      const ids = dragged.value
      const target = over.value
      dragged.value = []
      over.value = null
      if (ids.length > 0 && target) await place(ids, target.id, target.side)
    },
    async step(id: string, by: -1 | 1): Promise<void> {
      const at = items.value.findIndex((row) => row.id === id)
      const neighbour = items.value[at + by]
      if (at < 0 || !neighbour) return
      const done = place([id], neighbour.id, by < 0 ? 'before' : 'after')
      // The row has moved in the document, and with it went the focus.
      await nextTick()
      document.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] .grip`)?.focus()
      await done
    },
  }
}

function isByHand(key: QueryKey): boolean {
  const filters = key.at(-1)
  return typeof filters === 'object' && filters !== null && 'sort' in filters && filters.sort === 'position'
}
