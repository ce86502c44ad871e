import type { Kind } from './types'

/** Larger than any crontab; the server refuses more than it reads. */
export const LARGEST_FILE = 1_000_000

/** What a file seems to be, by its name and by what stands in it; null where that is not told. */
export function kindOf(name: string, text: string): Kind | null {
  if (/\bformat\b\W+runyard-jobs\b/.test(text.slice(0, 2000))) return 'runyard'
  if (/\.ya?ml$/i.test(name) || /^on:|^\s+-\s+cron:/m.test(text)) return 'github'
  if (/\.json$/i.test(name) || /^\s*[[{]/.test(text)) return 'qinglong'
  // In cron.d a user stands between the times and the command.
  const lines = text.split('\n').filter((line) => /^\s*(?:[\d*@])/.test(line))
  if (lines.length === 0) return null
  const withUser = lines.filter((line) =>
    /^\s*(?:@\w+|(?:\S+\s+){4}\S+)\s+(?:root|www-data|nobody|[a-z_][\w-]*)\s+\//.test(line),
  )
  return withUser.length === lines.length ? 'cron_d' : 'crontab'
}
