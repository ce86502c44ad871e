import { t } from '@/ui/i18n'
import type { Taken } from './api'

const OUTCOMES = ['created', 'updated', 'unchanged', 'skipped'] as const

/** What became of an import, in one line: the script by its name, or how many of each kind. */
export function saidOf(items: readonly Taken[]): string {
  const [first] = items
  if (items.length === 1 && first) return t(`imports.one.${first.outcome}`, { name: first.name })
  return OUTCOMES.map(
    (outcome) => [outcome, items.filter((item) => item.outcome === outcome).length] as const,
  )
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => t(`imports.many.${outcome}`, {}, count))
    .join(' · ')
}
