import { useQueryClient } from '@tanstack/vue-query'
import { ref, type Ref } from 'vue'
import { useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { copyScript, deleteScript, restoreScript } from '@/features/scripts/api'
import { withBrokenJobs } from '@/features/scripts/neededBy'
import { saveAs } from '@/features/runs/saveAs'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { importFile } from './importFile'
import type { Tab } from './fieldPlaces'
import type { Bench } from './useBench'
import type { BenchRun } from './useBenchRun'

const ENDINGS: Record<string, string> = { python: 'py', javascript: 'js', shell: 'sh' }
/** The run and the files of a script that is about to get its own address, so that they stay in view. */
export const handedOver = { runId: null as string | null, files: [] as File[] }

/** What the workbench's buttons and keys do; failures become toasts. */
export function useBenchActions(bench: Bench, bout: BenchRun, tab: Ref<Tab>, allowLeave: () => void) {
  const router = useRouter()
  const queries = useQueryClient()
  const drawerOpen = ref(false)
  const isModule = () => bench.kind.value === 'module'

  async function save(note = ''): Promise<boolean> {
    const isNew = bench.base.value === null
    if (isNew && !bench.draft.value.name.trim()) {
      const needed = isModule() ? t('workbench.module.needsName') : t('workbench.needsName')
      bench.refused.value = { tab: null, definitions: {}, fields: { name: needed } }
      toast(needed, { kind: 'note' })
      return false
    }
    if (!isNew && !bench.isDirty.value) {
      toast(t('workbench.nothingToSave'), { kind: 'note' })
      return true
    }
    try {
      const script = await bench.save(note)
      if (!script) return false
      toast(
        isNew
          ? isModule()
            ? t('workbench.module.created')
            : t('workbench.created')
          : t('workbench.saved', { version: script.version }),
      )
      if (isNew) {
        allowLeave()
        handedOver.runId = bout.runId.value
        handedOver.files = bout.files.value
        await router.replace({ name: 'script', params: { scriptId: script.id } })
      }
      return true
    } catch (error) {
      if (bench.refused.value.tab) tab.value = bench.refused.value.tab
      toastProblem(error)
      return false
    }
  }

  async function run(): Promise<void> {
    try {
      const made = await bout.start()
      if (made) drawerOpen.value = true
      else if (Object.keys({ ...bout.troubles.value, ...bout.refused.value }).length) tab.value = 'parameters'
    } catch (error) {
      if (bench.refused.value.tab) tab.value = bench.refused.value.tab
      toastProblem(error)
    }
  }

  async function settle(how: 'merge' | 'theirs'): Promise<void> {
    try {
      const script = await bench.settle(how)
      if (script && how === 'merge') toast(t('workbench.saved', { version: script.version }))
    } catch (error) {
      toastProblem(error)
    }
  }

  async function copy(): Promise<void> {
    const script = bench.base.value
    if (!script) return
    try {
      const made = await copyScript(script.id)
      void queries.invalidateQueries({ queryKey: keys.scripts.lists })
      toast(t('workbench.copied', { name: made.name }))
      await router.push({ name: 'script', params: { scriptId: made.id } })
    } catch (error) {
      toastProblem(error)
    }
  }

  async function remove(): Promise<void> {
    const script = bench.base.value
    if (!script) return
    bench.isLeaving.value = true
    try {
      await deleteScript(script.id)
      allowLeave()
      await router.push({ name: isModule() ? 'library' : 'scripts' })
      const undo = async () => {
        await restoreScript(script.id)
        await router.push({ name: 'script', params: { scriptId: script.id } })
      }
      const told = await withBrokenJobs(t('workbench.deleted', { name: script.name }), [script.id])
      toast(told, {
        action: { label: t('ui.action.undo'), run: () => void undo().catch(toastProblem) },
      })
      void queries.invalidateQueries({ queryKey: keys.scripts.lists })
    } catch (error) {
      bench.isLeaving.value = false
      toastProblem(error)
    }
  }

  async function importScript(file: File | undefined): Promise<void> {
    if (!file) return
    const read = await importFile(file)
    if (typeof read === 'string') {
      toast(t(`workbench.importTrouble.${read}`), { kind: 'failed' })
      return
    }
    const { draft } = bench
    draft.value = {
      ...draft.value,
      code: read.code,
      language: read.language,
      name: draft.value.name || read.name,
    }
    toast(t('workbench.imported', { name: file.name }))
  }

  function download(): void {
    const { name, language, code } = bench.draft.value
    saveAs(new Blob([code], { type: 'text/plain' }), `${name || 'script'}.${ENDINGS[language] ?? 'txt'}`)
  }

  return { drawerOpen, save, run, settle, copy, remove, importScript, download }
}
