import { useQueryClient } from '@tanstack/vue-query'
import { useRouter } from 'vue-router'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import type { Language, Script } from '@/api/types'
import { t } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { createScript } from './api'

export const ACCEPTED = '.py,.js,.mjs,.cjs,.sh,.bash'
const LARGEST = 1_000_000
const MOST_NAMES = 9
const BY_ENDING: Record<string, Language> = {
  py: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  sh: 'shell',
  bash: 'shell',
}

/** The language a file is written in: by its ending, else by its first line, else Python. */
export function languageOf(fileName: string, code: string): Language {
  const ending = /\.([a-z]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? ''
  const known = BY_ENDING[ending]
  if (known) return known
  const first = code.startsWith('#!') ? (code.split('\n', 1)[0] ?? '') : ''
  if (/\bnode\b/.test(first)) return 'javascript'
  if (/\b(?:ba|da|k|z)?sh\b/.test(first)) return 'shell'
  return 'python'
}

/** `backup_db.sh` → `backup_db`. */
export function nameOf(fileName: string): string {
  return fileName.replace(/\.[a-z]+$/i, '').trim() || fileName
}

async function create(file: File, code: string, project: string): Promise<Script> {
  const name = nameOf(file.name)
  const language = languageOf(file.name, code)
  for (let n = 1; ; n++) {
    try {
      return await createScript({ name: n === 1 ? name : `${name} (${String(n)})`, language, code, project })
    } catch (error) {
      const isTaken = error instanceof Problem && error.code === 'name_taken'
      if (!isTaken || n >= MOST_NAMES) throw error
    }
  }
}

/** Save files from this computer as scripts; opens the script when it was one. */
export function useImportFiles() {
  const queries = useQueryClient()
  const router = useRouter()
  const preferences = usePreferences()

  return async (files: Iterable<File>): Promise<void> => {
    const made: Script[] = []
    for (const file of files) {
      if (file.size > LARGEST) {
        toast(t('scripts.tooBig', { name: file.name }), { kind: 'failed' })
        continue
      }
      const code = await file.text()
      if (code.includes('\0') || code.includes('\uFFFD')) {
        toast(t('scripts.notText', { name: file.name }), { kind: 'failed' })
        continue
      }
      try {
        made.push(await create(file, code, preferences.project))
      } catch (error) {
        toastProblem(error)
      }
    }
    if (made.length === 0) return
    await queries.invalidateQueries({ queryKey: keys.scripts.all })
    const only = made.length === 1 ? made[0] : undefined
    toast(only ? t('scripts.imported', { name: only.name }) : t('scripts.importedMany', {}, made.length))
    if (only) await router.push({ name: 'script', params: { scriptId: only.id } })
  }
}
