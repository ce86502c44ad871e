import { Braces, Database, FileCode, SquareTerminal } from '@lucide/vue'

/** The sign of a script's language. */
export function languageIcon(language: string): typeof FileCode {
  if (language === 'sql') return Database
  return language === 'shell' ? SquareTerminal : language === 'javascript' ? Braces : FileCode
}
