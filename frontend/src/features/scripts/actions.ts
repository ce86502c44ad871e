import { useQueryClient } from '@tanstack/vue-query'
import { useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import { saveAs } from '@/features/runs/saveAs'
import { t } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { copyScript, deleteScript, exportScripts, restoreScript, runScript, starScript } from './api'

interface Named {
  id: string
  name: string
}

/** What can be done to scripts from a list or the palette. Nothing here throws: failures become toasts. */
export function useScriptActions() {
  const queries = useQueryClient()
  const router = useRouter()
  const preferences = usePreferences()

  async function refresh(): Promise<void> {
    await queries.invalidateQueries({ queryKey: keys.scripts.all })
  }

  /** Run with the defaults; a script that needs values opens instead, where its form is. */
  async function run(script: Named, follow = false): Promise<void> {
    try {
      const { id } = await runScript(script.id)
      const show = () => void router.push({ name: 'run', params: { runId: id } })
      if (follow) show()
      else
        toast(t('scripts.queued', { name: script.name }), {
          action: { label: t('scripts.see'), run: show },
        })
    } catch (error) {
      if (error instanceof Problem && error.status === 422) {
        toast(t('scripts.needsValues', { name: script.name }), { kind: 'note' })
        await router.push({ name: 'script', params: { scriptId: script.id } })
      } else toastProblem(error)
    }
  }

  async function copy(script: Named): Promise<void> {
    try {
      const made = await copyScript(script.id)
      await refresh()
      toast(t('scripts.copied', { name: made.name }), {
        action: {
          label: t('scripts.openIt'),
          run: () => void router.push({ name: 'script', params: { scriptId: made.id } }),
        },
      })
    } catch (error) {
      toastProblem(error)
    }
  }

  /** Delete at once, and offer the way back. */
  async function remove(scripts: readonly Named[]): Promise<void> {
    const results = await Promise.allSettled(scripts.map((script) => deleteScript(script.id)))
    const gone = scripts.filter((_, i) => results[i]?.status === 'fulfilled')
    const failed = results.find((result) => result.status === 'rejected')
    await refresh()
    if (failed) toastProblem(failed.reason)
    if (gone.length === 0) return
    const text =
      gone.length === 1
        ? t('scripts.deletedOne', { name: gone[0]?.name ?? '' })
        : t('scripts.deletedMany', {}, gone.length)
    const { withBrokenJobs } = await import('./neededBy')
    const told = await withBrokenJobs(
      text,
      gone.map((script) => script.id),
    )
    toast(told, { action: { label: t('ui.action.undo'), run: () => void restore(gone) } })
  }

  async function restore(scripts: readonly Named[]): Promise<void> {
    const results = await Promise.allSettled(scripts.map((script) => restoreScript(script.id)))
    await refresh()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) toastProblem(failed.reason)
    else toast(t('scripts.restored', {}, scripts.length))
  }

  /** Give a star or take it back; shown at once. */
  async function star(script: Named & { starred?: boolean }): Promise<void> {
    const on = !script.starred
    const lay = (starred: boolean) =>
      queries.setQueriesData<{ pages: { items: (Named & { starred?: boolean })[] }[] }>(
        { queryKey: keys.scripts.lists },
        (list) =>
          list?.pages && {
            ...list,
            pages: list.pages.map((page) => ({
              ...page,
              items: page.items.map((one) => (one.id === script.id ? { ...one, starred } : one)),
            })),
          },
      )
    lay(on)
    try {
      await starScript(script.id, on)
    } catch (error) {
      lay(!on)
      toastProblem(error)
    }
  }

  /** Save scripts as folders in a zip. */
  async function download(scripts: readonly Named[]): Promise<void> {
    try {
      const ids = scripts.map((script) => script.id)
      saveAs(await exportScripts(preferences.project, ids), 'scripts.zip')
    } catch (error) {
      toastProblem(error)
    }
  }

  return { run, copy, remove, star, download }
}
