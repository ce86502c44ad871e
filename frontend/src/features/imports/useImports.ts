import { useQueryClient } from '@tanstack/vue-query'
import { useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { usePreferences } from '@/ui/state/preferences'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { importScripts, type Taken } from './api'
import { askImport } from './dialog'
import { isPacked, sendable } from './files'
import { saidOf } from './outcomes'

/** Files that were chosen or dropped, and what is to happen once something was imported. */
export function useImports() {
  const queries = useQueryClient()
  const router = useRouter()
  const preferences = usePreferences()

  function open(script: Taken): Promise<unknown> {
    return router.push({ name: 'script', params: { scriptId: script.id } })
  }

  /** Tell what was imported; opens the script when it was one. */
  async function told(items: readonly Taken[], go = true): Promise<void> {
    await queries.invalidateQueries({ queryKey: keys.scripts.all })
    const only = items.length === 1 ? items[0] : undefined
    toast(saidOf(items))
    if (only && go) await open(only)
  }

  /** Save scripts as they are; one archive or export is looked into first, in the dialog. False: the dialog has it. */
  async function take(files: Iterable<File>): Promise<boolean> {
    const chosen = [...files]
    const first = chosen[0]
    if (chosen.length === 1 && first && isPacked(first.name)) {
      askImport(first)
      return false
    }
    const made: Taken[] = []
    for (const file of chosen) {
      try {
        const options = { project: preferences.project, on_conflict: 'rename' as const }
        made.push(...(await importScripts(await sendable(file), options)))
      } catch (error) {
        toastProblem(error)
      }
    }
    if (made.length) await told(made)
    return made.length > 0
  }

  return { take, told, open }
}
