export const DELIVERY_OUTCOMES = ['accepted', 'refused', 'ignored', 'duplicate', 'failed'] as const
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number]

/** Something that arrived at a trigger, and what became of it. */
export interface Delivery {
  id: string
  at: string
  kind: string
  outcome: DeliveryOutcome
  /** A stable code; empty where there is nothing to say. */
  reason: string
  status: number | null
  run_id: string | null
  took_ms: number | null
  detail: Record<string, unknown>
}
/** What the mapping makes of a payload. */
export interface Tried {
  parameters: Record<string, unknown>
  condition: boolean | null
  errors: { field: string; message: string; code?: string | null }[]
  run_id: string | null
}
/** What a trigger is shown: as a call would bring it. */
export interface Trial {
  body: unknown
  headers?: Record<string, string>
  query?: Record<string, string>
  content_type?: string
  file?: Record<string, unknown> | null
  run: boolean
}
