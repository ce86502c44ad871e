import { useFileDialog } from '@vueuse/core'
import { ACCEPTED, useImportFiles } from './importFile'

/** Opens the browser's file chooser and imports what is chosen. */
export function useFilePicker(): () => void {
  const importFiles = useImportFiles()
  const { open, onChange } = useFileDialog({ accept: ACCEPTED, multiple: true, reset: true })
  onChange((files) => {
    if (files) void importFiles(files)
  })
  return () => {
    open()
  }
}
