import { isChoice, isList, isText, MASK, type Definition } from './definition'

/** What a field holds while it is edited: text as typed, a switch's position, the ticked options, a file to send. */
export type Raw = string | boolean | string[] | File
export type RawValues = Record<string, Raw>

/** Why a value does not do: a stable code (the server's own) and the bound it broke. */
export interface Trouble {
  code: string
  bound?: string | number
}

const LONGEST_BYTES = 100_000
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
// A quantified group that is quantified inside: could take for ever here, while the server's engine is linear.
const RISKY = /\([^)]*[+*}][^)]*\)[+*{]/

/** What a field shows for a value (a default, or what an earlier run was given). */
export function rawOf(definition: Definition, value: unknown): Raw {
  if (definition.type === 'switch') return value === true
  if (isList(definition.type)) return Array.isArray(value) ? value.map(String) : []
  // An earlier run's file is not here any more: it has to be picked again.
  if (value === null || value === undefined || definition.type === 'file') return ''
  if (definition.type === 'password') return value === MASK ? '' : textOf(value)
  if (definition.type === 'json') return JSON.stringify(value, null, 2)
  // The picker speaks local time; the value has an offset.
  if (definition.type === 'datetime') return localOf(textOf(value))
  return textOf(value)
}

export function initialValues(
  definitions: readonly Definition[],
  given: Record<string, unknown> = {},
): RawValues {
  const values: RawValues = {}
  for (const definition of definitions) {
    const value = definition.key in given ? given[definition.key] : definition.default
    values[definition.key] = rawOf(definition, value)
  }
  return values
}

/**
 * Turn a form into the parameters of a run. A field left as it is by default is left out where the server fills it
 * in (hidden defaults); one that was emptied is sent as null, which means "no value". A file goes by its name; `filesOf` are to be sent along.
 */
export function collect(
  definitions: readonly Definition[],
  raws: RawValues,
): { parameters: Record<string, unknown>; troubles: Record<string, Trouble> } {
  const parameters: Record<string, unknown> = {}
  const files: File[] = []
  const troubles: Record<string, Trouble> = {}
  for (const definition of definitions) {
    const raw = raws[definition.key] ?? rawOf(definition, definition.default)
    const hasDefault = definition.default !== null && definition.default !== undefined
    if (isEmpty(raw)) {
      if (definition.type === 'password' && hasDefault) continue
      if (definition.required) troubles[definition.key] = { code: 'required' }
      else if (hasDefault) parameters[definition.key] = null
      continue
    }
    const read = valueOf(definition, raw)
    if ('trouble' in read) troubles[definition.key] = read.trouble
    else parameters[definition.key] = read.value
    if (!(raw instanceof File)) continue
    // They lie side by side in the run's directory.
    if (files.some((other) => other !== raw && other.name === raw.name))
      troubles[definition.key] = { code: 'file_twice', bound: raw.name }
    files.push(raw)
  }
  return { parameters, troubles }
}

/** The files that a form holds, each once. */
export function filesOf(definitions: readonly Definition[], raws: RawValues): File[] {
  const held = definitions.map((definition) => raws[definition.key])
  return [...new Set(held.filter((raw) => raw instanceof File))]
}

function isEmpty(raw: Raw): boolean {
  return Array.isArray(raw) ? raw.length === 0 : raw === ''
}

/** Read a field that is not empty, by the rules of the script's JSON Schema. */
export function valueOf(definition: Definition, raw: Raw): { value: unknown } | { trouble: Trouble } {
  const { type } = definition
  if (typeof raw === 'boolean') return { value: raw }
  if (raw instanceof File) return fileValue(definition, raw)
  if (Array.isArray(raw)) {
    const known = new Set(definition.options?.map((option) => option.value))
    return raw.every((value) => known.has(value)) ? { value: raw } : { trouble: { code: 'option' } }
  }
  if (isText(type)) return textValue(definition, raw)
  if (isChoice(type)) {
    const known = definition.options?.some((option) => option.value === raw)
    return known ? { value: raw } : { trouble: { code: 'option' } }
  }
  if (type === 'number') return numberValue(definition, raw)
  if (type === 'date') return isDate(raw) ? { value: raw } : { trouble: { code: 'date' } }
  if (type === 'datetime') {
    const time = new Date(raw)
    return Number.isNaN(time.getTime()) ? { trouble: { code: 'date-time' } } : { value: time.toISOString() }
  }
  try {
    return { value: JSON.parse(raw) as unknown }
  } catch (error) {
    return { trouble: { code: 'json', bound: error instanceof Error ? error.message : '' } }
  }
}

const MIB = 1024 * 1024

function fileValue(definition: Definition, file: File): { value: string } | { trouble: Trouble } {
  const { extensions = [], max_size_mb: most } = definition
  const name = file.name.toLowerCase()
  if (extensions.length && !extensions.some((one) => name.endsWith(one)))
    return { trouble: { code: 'extension', bound: extensions.join(', ') } }
  if (typeof most === 'number' && file.size > most * MIB)
    return { trouble: { code: 'file_size', bound: most } }
  return { value: file.name }
}

function textValue(definition: Definition, raw: string): { value: string } | { trouble: Trouble } {
  // The server counts code points, not UTF-16 units.
  const length = Array.from(raw).length
  const { min_length: least, max_length: most, regex } = definition
  if (definition.type === 'password' && raw === MASK) return { trouble: { code: 'masked' } }
  if (least && length < least) return { trouble: { code: 'too_short', bound: least } }
  if (typeof most === 'number' && length > most) return { trouble: { code: 'too_long', bound: most } }
  if (new TextEncoder().encode(raw).length > LONGEST_BYTES)
    return { trouble: { code: 'too_many_bytes', bound: LONGEST_BYTES } }
  if (regex && !matches(regex, raw)) return { trouble: { code: 'pattern', bound: regex } }
  return { value: raw }
}

/** Like JSON Schema's `pattern`: found anywhere. What only the server's engine can judge passes here. */
function matches(regex: string, text: string): boolean {
  if (RISKY.test(regex)) return true
  try {
    return new RegExp(regex, 'u').test(text)
  } catch {
    return true
  }
}

function numberValue(definition: Definition, raw: string): { value: number } | { trouble: Trouble } {
  const text = raw.trim()
  const value = Number(text)
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(value)) {
    return { trouble: { code: 'number' } }
  }
  const { min, max, step } = definition
  if (typeof min === 'number' && value < min) return { trouble: { code: 'too_small', bound: min } }
  if (typeof max === 'number' && value > max) return { trouble: { code: 'too_large', bound: max } }
  if (typeof step === 'number' && step > 0 && !isMultiple(value, step))
    return { trouble: { code: 'step', bound: step } }
  return { value }
}

/** Exact on the decimals that people wrote: in binary floating point 0.3 is no multiple of 0.1. */
export function isMultiple(value: number, step: number): boolean {
  const [a, scaleA] = decimal(value)
  const [b, scaleB] = decimal(step)
  const scale = Math.max(scaleA, scaleB)
  if (scale > 400) return false
  return b !== 0n && (a * 10n ** BigInt(scale - scaleA)) % (b * 10n ** BigInt(scale - scaleB)) === 0n
}

/** A number as an integer and the count of its decimals. */
function decimal(value: number): [bigint, number] {
  const [mantissa = '0', exponent = '0'] = String(value).split('e')
  const [whole = '0', part = ''] = mantissa.split('.')
  const scale = part.length - Number(exponent)
  const digits = BigInt(whole + part)
  return scale >= 0 ? [digits, scale] : [digits * 10n ** BigInt(-scale), 0]
}

function isDate(raw: string): boolean {
  const found = DATE.exec(raw)
  if (!found) return false
  const date = new Date(`${raw}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(raw) && found[1] !== '0000'
}

function localOf(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return ''
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The fields of a 422 answer by parameter key: `parameters.SIZE` → `SIZE`. */
export function fieldMessages(errors: readonly { field: string; message: string }[]): Record<string, string> {
  const messages: Record<string, string> = {}
  for (const { field, message } of errors) {
    const found = /(?:^|\.)parameters\.([A-Za-z_][A-Za-z0-9_]*)/.exec(field)
    if (found?.[1]) messages[found[1]] ??= message
  }
  return messages
}
