import { language, optional } from '@/ui/i18n'
import { signalName } from './words'

/** How the server says it where the script said nothing, by the error's code. */
const OWN: Readonly<Record<string, RegExp>> = {
  exit_code: /^It exited with code (\d+)\.$/,
  signal: /^It was ended by signal (\d+)\.$/,
  timeout: /^It was stopped by its time limit\b/,
  out_of_memory: /^It was killed for using more memory\b/,
  start_failed: /^The command could not be started\.$/,
  lost: /^(?:Its spool is gone|Its process is gone|Its worker has not been heard of)\b/,
}

/** What a group of failures is called: what the script said as it is, the server's own sentences in the page's language. */
export function failureTitle({ code, title }: { code: string; title: string }): string {
  const own = OWN[code]?.exec(title)
  // Without any words of anybody the server names the code itself.
  if (!own && title && title !== code) return title
  if (own && language.value === 'en' && code !== 'signal') return title
  const n = own?.[1] ?? ''
  return (
    optional(`runs.error.${code}`, { n: code === 'signal' ? signalName(Number(n)) : n }) ?? (title || code)
  )
}
