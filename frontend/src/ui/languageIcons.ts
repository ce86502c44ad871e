import { Braces, FileCode, SquareTerminal } from '@lucide/vue'

/** The sign of a script's language. */
export function languageIcon(language: string): typeof FileCode {
  return language === 'shell' ? SquareTerminal : language === 'javascript' ? Braces : FileCode
}
