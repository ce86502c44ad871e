import { optional, t } from '@/ui/i18n'
import type { AuditEntry } from './api'

/** What an action is called in words, e.g. "Script: change"; its own name where there are none. */
export function actionWords(action: string): string {
  const [kind = '', verb] = action.split('.')
  if (verb === undefined) return optional(`audit.alone.${action}`) ?? action
  const done = optional(`audit.verbs.${verb}`)
  const what = optional(`audit.kinds.${kind}`)
  return done && what ? t('audit.action', { what, done }) : action
}

export function kindWords(kind: string): string {
  return optional(`audit.kinds.${kind}`) ?? kind
}

/** Who did it: a name, or what stands for one. */
export function actorWords(actor: AuditEntry['actor']): string {
  if (actor.kind === 'system') return t('audit.system')
  return actor.name ?? actor.id ?? t('audit.stranger')
}

/** A value of before or after, as one text; empty for none. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value === '' ? '""' : value
  if (isDigest(value)) return t('audit.digest', { sha: value.sha256.slice(0, 12), bytes: value.bytes })
  return JSON.stringify(value, null, typeof value === 'object' ? 1 : 0)
}

function isDigest(value: unknown): value is { sha256: string; bytes: number } {
  return typeof value === 'object' && value !== null && 'sha256' in value && 'bytes' in value
}
