import { computed, nextTick, ref, watch, type ComputedRef, type Ref } from 'vue'
import { useShortcuts, type Shortcut } from '@/ui/keys/shortcuts'
import type { MessageKey } from '@/ui/i18n'

interface Row {
  id: string
}

export interface Rows<T extends Row> {
  /** Index of the row that keys act on, -1 for none. Mark it with `data-row` = its id so that it scrolls into view. */
  cursor: Ref<number>
  current: ComputedRef<T | undefined>
  selected: Ref<ReadonlySet<string>>
  selectedRows: ComputedRef<T[]>
  allSelected: ComputedRef<boolean>
  toggle: (id: string, range?: boolean) => void
  toggleAll: () => void
  clear: () => void
}

/**
 * Cursor and selection of a list, with its keys: `j k` move, `Enter` opens, `x` selects, `/` searches, and what the
 * list adds. Rows that leave the list leave the selection too.
 */
export function useRows<T extends Row>(options: {
  items: Ref<readonly T[]>
  title: MessageKey
  open: (row: T) => unknown
  search?: () => unknown
  more?: readonly { keys: string; label: MessageKey; run: (row: T) => unknown }[]
  others?: readonly Shortcut[]
}): Rows<T> {
  const { items } = options
  const cursor = ref(-1)
  const selected = ref<ReadonlySet<string>>(new Set())
  let anchor = -1

  const current = computed(() => items.value[cursor.value])
  const selectedRows = computed(() => items.value.filter((row) => selected.value.has(row.id)))
  const allSelected = computed(
    () => items.value.length > 0 && selectedRows.value.length === items.value.length,
  )

  watch(items, (now, before) => {
    const at = before[cursor.value]?.id
    if (at !== undefined) cursor.value = now.findIndex((row) => row.id === at)
    const here = new Set(now.map((row) => row.id))
    if ([...selected.value].some((id) => !here.has(id)))
      selected.value = new Set([...selected.value].filter((id) => here.has(id)))
  })

  function move(by: number): void {
    cursor.value = Math.min(items.value.length - 1, Math.max(0, cursor.value + by))
    const id = current.value?.id
    if (id !== undefined)
      void nextTick(() =>
        document.querySelector(`[data-row="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest' }),
      )
  }

  function toggle(id: string, range = false): void {
    const next = new Set(selected.value)
    const index = items.value.findIndex((row) => row.id === id)
    if (range && anchor >= 0) {
      for (const row of items.value.slice(Math.min(anchor, index), Math.max(anchor, index) + 1))
        next.add(row.id)
    } else if (!next.delete(id)) {
      next.add(id)
    }
    anchor = index
    selected.value = next
  }

  function clear(): void {
    selected.value = new Set()
  }

  function onRow(act: (row: T) => unknown): () => unknown {
    return () => (current.value ? act(current.value) : false)
  }

  useShortcuts(options.title, [
    {
      keys: 'j',
      label: 'ui.keys.next',
      run: () => {
        move(1)
      },
    },
    {
      keys: 'k',
      label: 'ui.keys.previous',
      run: () => {
        move(-1)
      },
    },
    { keys: 'Enter', label: 'ui.keys.open', run: onRow(options.open) },
    {
      keys: 'x',
      label: 'ui.keys.select',
      run: onRow((row) => {
        toggle(row.id)
      }),
    },
    ...(options.search ? [{ keys: '/', label: 'ui.keys.search' as const, run: options.search }] : []),
    {
      keys: 'Escape',
      label: 'ui.keys.clear',
      run: () => {
        if (selected.value.size === 0) return false
        clear()
        return true
      },
    },
    ...(options.more ?? []).map((shortcut) => ({ ...shortcut, run: onRow(shortcut.run) })),
    ...(options.others ?? []),
  ])

  return {
    cursor,
    current,
    selected,
    selectedRows,
    allSelected,
    toggle,
    toggleAll: () => {
      selected.value = allSelected.value ? new Set() : new Set(items.value.map((row) => row.id))
    },
    clear,
  }
}
