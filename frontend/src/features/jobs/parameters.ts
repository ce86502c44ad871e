import { overSet } from '@/features/parameters/sets'
import { MASK, type Definition } from '@/ui/form/definition'
import { collect, initialValues, type RawValues, type Trouble } from '@/ui/form/values'

/** What a job can be given: a file is picked by hand for each run, so there is none. */
export const givable = (definitions: readonly Definition[]) =>
  definitions.filter((one) => one.type !== 'file')

/** The form as a job fills it: its values over those of its saved set. */
export function filledForm(
  definitions: readonly Definition[],
  parameters: Record<string, unknown>,
  set: Record<string, unknown> = {},
): RawValues {
  return initialValues(definitions, { ...set, ...parameters })
}

/**
 * What a job keeps of the form: with a saved set only what differs from it, so that the job follows the set. A
 * password that was left alone keeps what the job has.
 */
export function keptParameters(
  definitions: readonly Definition[],
  raws: RawValues,
  before: Record<string, unknown>,
  set: Record<string, unknown> | null,
): { parameters: Record<string, unknown>; troubles: Record<string, Trouble> } {
  const { parameters, troubles } = collect(definitions, raws)
  const over = set ? overSet(definitions, parameters, set) : parameters
  const kept: Record<string, unknown> = {}
  for (const { key, type } of definitions) {
    if (key in over) {
      if (!set || !sameValue(over[key], set[key])) kept[key] = over[key]
    } else if (type === 'password' && before[key] === MASK) kept[key] = MASK
  }
  // What the set or the job keeps hidden is there, though the form can't show it.
  const isHidden = (key: string) => before[key] === MASK || set?.[key] === MASK
  const hidden = definitions.filter(({ key, type }) => type === 'password' && isHidden(key))
  const left = Object.entries(troubles).filter(([key]) => !hidden.some((one) => one.key === key))
  return { parameters: kept, troubles: Object.fromEntries(left) }
}

const sameValue = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
