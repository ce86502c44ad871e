import { optional, t } from '@/ui/i18n'
import type { Approval } from './api'

/** What is asked for, in words; a kind that the page does not know yet stands for itself. */
export function kindWords(kind: string): string {
  return optional(`approvals.kinds.${kind.replace('.', '_')}`) ?? kind
}

export function asksFor(one: Approval): string {
  const name = one.subject.name || one.project || ''
  return name ? t('approvals.asks', { what: kindWords(one.kind), name }) : kindWords(one.kind)
}

export function stateWords(one: Approval): string {
  return t(`approvals.states.${one.state}`)
}

export function entryWords(what: string): string {
  return optional(`approvals.did.${what}`) ?? what
}

/** Why somebody may not approve, where it is worth saying. */
export function whyNot(one: Approval): string {
  if (!one.why_not || !['waiting', 'approved'].includes(one.state)) return ''
  return optional(`approvals.whyNot.${one.why_not}`) ?? ''
}
