import { useStorage } from '@vueuse/core'

export const COLUMNS = ['tags', 'language', 'lastRun', 'updated'] as const
export type Column = (typeof COLUMNS)[number]

/** Which columns this browser shows; the name and the actions always stand. */
export function useColumns() {
  const shown = useStorage<Column[]>('runyard.scripts.columns', ['tags', 'lastRun', 'updated'])
  return {
    shown,
    toggle: (column: Column) => {
      // Kept in the order of the table, not of the clicks.
      shown.value = COLUMNS.filter((one) => shown.value.includes(one) !== (one === column))
    },
  }
}
