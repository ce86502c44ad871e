import { ask, client } from '@/api/client'
import type { Delivery, Trial, Tried } from './types'

const MOST = 20
const of = (triggerId: string) => ({ path: { trigger_id: triggerId } })

export async function listDeliveries(triggerId: string, cursor: string | null) {
  const query = { limit: MOST, ...(cursor ? { cursor } : {}) }
  const page = await ask(
    client.GET('/api/v1/triggers/{trigger_id}/deliveries', { params: { ...of(triggerId), query } }),
  )
  return { items: page.items as Delivery[], next_cursor: page.next_cursor ?? null }
}

export async function tryTrigger(triggerId: string, trial: Trial): Promise<Tried> {
  const answer = await ask(
    client.POST('/api/v1/triggers/{trigger_id}/test', { params: of(triggerId), body: trial as never }),
  )
  return answer as Tried
}
