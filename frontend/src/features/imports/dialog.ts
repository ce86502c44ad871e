import { shallowRef } from 'vue'

/** What the import dialog was opened with; null while it is closed. It outlives the page that asked for it. */
export const asked = shallowRef<{ file: File | null } | null>(null)

/** Open the import dialog, with a file that was already chosen if there is one. */
export function askImport(file: File | null = null): void {
  asked.value = { file }
}
