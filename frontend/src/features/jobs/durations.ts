/** Units of a span of time, the largest first. */
export const UNITS = ['d', 'h', 'm', 's'] as const
export type Unit = (typeof UNITS)[number]
export const SECONDS: Record<Unit, number> = { d: 86_400, h: 3600, m: 60, s: 1 }

/** Seconds as a number of the largest unit that they are a whole number of. */
export function spanOf(seconds: number): { n: number; unit: Unit } {
  const unit = UNITS.find((one) => seconds >= SECONDS[one] && seconds % SECONDS[one] === 0) ?? 's'
  return { n: seconds / SECONDS[unit], unit }
}
