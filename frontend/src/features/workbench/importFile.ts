import type { Language } from '@/api/types'

export interface Imported {
  name: string
  language: Language
  code: string
}

export type ImportTrouble = 'tooLarge' | 'binary' | 'language'
export const LONGEST = 1_000_000

const ENDINGS: Record<string, Language> = {
  py: 'python',
  pyw: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  sh: 'shell',
  bash: 'shell',
  sql: 'sql',
}
const SHEBANGS: [RegExp, Language][] = [
  [/^#!.*\bpython[\d.]*\b/, 'python'],
  [/^#!.*\bnode\b/, 'javascript'],
  [/^#!.*\b(?:ba|da|z)?sh\b/, 'shell'],
]

/** A file's text as a new script: its language by ending or first line, its name without the ending. */
export function importText(fileName: string, text: string): Imported | ImportTrouble {
  if (text.length > LONGEST) return 'tooLarge'
  if (text.includes('\0')) return 'binary'
  const base = fileName.split(/[\\/]/).at(-1) ?? fileName
  const ending = /\.([A-Za-z0-9]+)$/.exec(base)?.[1]?.toLowerCase() ?? ''
  const code = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  const language = ENDINGS[ending] ?? SHEBANGS.find(([sign]) => sign.test(code))?.[1]
  if (!language) return 'language'
  return { name: base.replace(/\.[A-Za-z0-9]+$/, '') || base, language, code }
}

export async function importFile(file: File): Promise<Imported | ImportTrouble> {
  // Four bytes a letter at the most: beyond that it need not be read.
  if (file.size > LONGEST * 4) return 'tooLarge'
  return importText(file.name, await file.text())
}
