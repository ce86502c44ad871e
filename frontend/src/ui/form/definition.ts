/** What a script asks for: the definition of one parameter, as the server keeps it. */
export const FIELD_TYPES = [
  'text',
  'textarea',
  'number',
  'password',
  'select',
  'radio',
  'multiselect',
  'checkbox',
  'switch',
  'date',
  'datetime',
  'json',
  'file',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

export interface FieldOption {
  value: string
  label: string
}

/** How the value reaches code that reads a command line; the page keeps it as it is. */
export interface FieldArgument {
  style: string
  flag?: string
  off?: string
  command?: string
}

export interface Definition {
  key: string
  label: string
  type: FieldType
  required: boolean
  default: unknown
  help?: string | null
  placeholder?: string | null
  options?: FieldOption[] | null
  min?: number | null
  max?: number | null
  step?: number | null
  min_length?: number | null
  max_length?: number | null
  regex?: string | null
  /** MiB. */
  max_size_mb?: number | null
  /** Such as `.csv`. */
  extensions?: string[]
  argument?: FieldArgument | null
}

/** Stands for a hidden value in every answer; sent back, it keeps what is there. */
export const MASK = '***'
export const LONGEST_KEY = 64

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/

export const isText = (type: FieldType) => type === 'text' || type === 'textarea' || type === 'password'
export const isChoice = (type: FieldType) => type === 'select' || type === 'radio'
export const isList = (type: FieldType) => type === 'multiselect' || type === 'checkbox'
export const hasOptions = (type: FieldType) => isChoice(type) || isList(type)
export const titleOf = (definition: Definition) => definition.label || definition.key

/** A new definition with a key that none of `others` has. */
export function newDefinition(others: readonly Definition[]): Definition {
  const keys = new Set(others.map((other) => other.key))
  let number = others.length + 1
  while (keys.has(`PARAM_${String(number)}`)) number += 1
  return { key: `PARAM_${String(number)}`, label: '', type: 'text', required: false, default: null }
}

/** A definition as it is answered: what is as by default may be left out. */
export type SparseDefinition = Pick<Definition, 'key'> &
  Partial<Omit<Definition, 'options'>> & { options?: readonly { value: string; label?: string }[] }

/** A definition with what the server leaves out when it is the default. */
export function filled(definition: SparseDefinition): Definition {
  const { label = '', type = 'text', required = false, options = [] } = definition
  return {
    ...definition,
    label,
    type,
    required,
    default: definition.default ?? null,
    options: options.map((option) => ({ value: option.value, label: option.label ?? '' })),
  }
}

/** The definition without what its type has no use for and without blanks, as it is sent and compared. */
export function tidied(definition: Definition): Definition {
  const { type } = definition
  const kept: Definition = {
    key: definition.key.trim(),
    label: definition.label.trim(),
    type,
    required: definition.required,
    default: definition.default === '' || definition.default === undefined ? null : definition.default,
    help: definition.help ?? '',
    placeholder: definition.placeholder ?? '',
  }
  if (hasOptions(type)) kept.options = (definition.options ?? []).filter((option) => option.value !== '')
  if (type === 'number') {
    kept.min = definition.min ?? null
    kept.max = definition.max ?? null
    kept.step = definition.step ?? null
  }
  if (isText(type)) {
    kept.min_length = definition.min_length ?? null
    kept.max_length = definition.max_length ?? null
    kept.regex = definition.regex === '' ? null : (definition.regex ?? null)
  }
  if (type === 'file') {
    kept.max_size_mb = definition.max_size_mb ?? null
    kept.extensions = definition.extensions ?? []
    kept.default = null
  }
  if (definition.argument) kept.argument = definition.argument
  return kept
}

/** Endings as people type them (`csv, .TXT`), as the server keeps them. */
export function extensionsOf(typed: string): string[] {
  const endings = typed.split(/[\s,;]+/).map((one) => `.${one.toLowerCase().replace(/^[.*]+/, '')}`)
  return [...new Set(endings.filter((one) => one.length > 1))]
}

/** What is wrong with a key, as a message code; the server knows more (reserved names). */
export function keyTrouble(
  key: string,
  others: readonly string[],
): 'keyEmpty' | 'keyForm' | 'keyTwice' | null {
  if (!key) return 'keyEmpty'
  if (!KEY.test(key) || key.length > LONGEST_KEY) return 'keyForm'
  return others.includes(key) ? 'keyTwice' : null
}
