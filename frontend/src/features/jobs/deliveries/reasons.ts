import { optional } from '@/ui/i18n'
import { problemText } from '@/ui/i18n/problem'
import type { Delivery } from './types'

/** Why it became of it what did, in words: reasons are codes of problems, which have words of their own. */
export function reasonOf({ reason, detail }: Pick<Delivery, 'reason' | 'detail'>): string {
  if (!reason) return ''
  const said = typeof detail.message === 'string' ? detail.message : reason
  return (
    optional(`deliveries.reason.${reason}`) ?? problemText(Object.assign(new Error(said), { code: reason }))
  )
}
