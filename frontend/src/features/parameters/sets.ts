import { MASK, type Definition } from '@/ui/form/definition'
import { collect, initialValues, type RawValues } from '@/ui/form/values'

/**
 * What is kept of a form under a name: every value that is right. Files are picked anew for each run; a password
 * that was left alone keeps the one that the set has.
 */
export function keptValues(
  definitions: readonly Definition[],
  raws: RawValues,
  before: Record<string, unknown> = {},
): Record<string, unknown> {
  const kept = definitions.filter((one) => one.type !== 'file')
  const { parameters, troubles } = collect(kept, raws)
  const values: Record<string, unknown> = {}
  for (const { key, type } of kept) {
    const value = parameters[key]
    if (!(key in troubles) && value !== null && value !== undefined) values[key] = value
    else if (type === 'password' && before[key] === MASK) values[key] = MASK
  }
  return values
}

/** The form as a set fills it; what the set leaves out is as by default. */
export function filledWith(definitions: readonly Definition[], values: Record<string, unknown>): RawValues {
  return initialValues(definitions, values)
}

/**
 * The parameters of a run that takes a set: given ones go over the set's, so what was emptied by hand is said to be
 * none. Passwords stay with the set unless a new one was typed.
 */
export function overSet(
  definitions: readonly Definition[],
  parameters: Record<string, unknown>,
  set: Record<string, unknown>,
): Record<string, unknown> {
  const over = { ...parameters }
  for (const { key, type } of definitions) {
    if (key in set && !(key in over) && type !== 'password') over[key] = null
  }
  return over
}
