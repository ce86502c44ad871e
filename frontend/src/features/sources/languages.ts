import type { CodeLanguage } from '@/ui/code/languages'

const ENDINGS: Record<string, CodeLanguage> = {
  py: 'python',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  sh: 'shell',
  sql: 'sql',
  json: 'json',
}

/** How a file is coloured, by its ending. */
export function languageOf(path: string): CodeLanguage {
  return ENDINGS[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''] ?? 'text'
}
