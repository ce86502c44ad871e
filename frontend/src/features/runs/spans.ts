/** Stretches of time that lists can be narrowed to, as they stand in the address. */
export const SPANS = ['1h', '1d', '7d', '30d'] as const
export type Span = (typeof SPANS)[number]

const HOURS: Record<Span, number> = { '1h': 1, '1d': 24, '7d': 168, '30d': 720 }
const MINUTE_MS = 60_000

/**
 * When a stretch began, to the minute: the same request is then the same for a while, and answered from what is
 * known. Undefined for what is no stretch.
 */
export function sinceOf(span: string | undefined, now = Date.now()): string | undefined {
  const known = SPANS.find((one) => one === span)
  if (!known) return undefined
  return new Date(Math.floor(now / MINUTE_MS) * MINUTE_MS - HOURS[known] * 60 * MINUTE_MS).toISOString()
}
