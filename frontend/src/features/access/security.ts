import type { components } from '@/api/schema'
import { optional, t } from '@/ui/i18n'
import { formatBytes, formatDuration, formatNumber } from '@/ui/i18n/format'

export type Fact = components['schemas']['Fact']

/** A line of a value; `off` says that nothing is set, `code` that it is written as settings are. */
interface Line {
  text: string
  off?: boolean
  code?: boolean
}

/** The facts by group, in the order in which they came. */
export function grouped(facts: readonly Fact[]): { name: Fact['group']; facts: Fact[] }[] {
  const names = [...new Set(facts.map((fact) => fact.group))]
  return names.map((name) => ({ name, facts: facts.filter((fact) => fact.group === name) }))
}

/** What a fact is called; one that this page does not know by name goes by its key. */
export function sayFact(fact: Fact): string {
  return optional(`access.security.facts.${fact.key.replaceAll('.', '_')}`) ?? fact.key
}

/** What is in force, line by line. */
export function sayValue(fact: Fact): Line[] {
  const { key, value } = fact
  if (Array.isArray(value))
    return value.length > 0 ? value.map((text) => ({ text, code: true })) : [nothing(key)]
  if (typeof value === 'boolean')
    return [{ text: t(value ? 'access.security.yes' : 'access.security.no'), off: !value }]
  if (value === '') return [nothing(key)]
  if (key === 'keys.wrapper')
    return [
      {
        text: t(
          value === 'file' || value === 'environment' || value === 'vault'
            ? `access.security.masterKey.${value}`
            : 'access.security.masterKey.other',
          { kind: String(value) },
        ),
      },
    ]
  if (key === 'content_policy')
    return String(value)
      .split('; ')
      .map((text) => ({ text, code: true }))
  if (typeof value === 'string') return [{ text: value, code: true }]
  return [{ text: sayNumber(key, value) }]
}

function nothing(key: string): Line {
  const everybody = key === 'allow_from'
  return { text: t(everybody ? 'access.security.everybody' : 'access.security.none'), off: true }
}

function sayNumber(key: string, value: number): string {
  if (key.startsWith('limits.') && !key.endsWith('_s')) return formatBytes(value)
  if (key.endsWith('_s')) return formatDuration(value)
  return formatNumber(value)
}
