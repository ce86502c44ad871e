import type { Language, Script, ScriptChange } from '@/api/types'
import { hooksOf, type Hooks } from '@/features/hooks/hooks'
import { POLICY_FIELDS, policyOf, type Policy } from '@/features/policy/policy'
import { filled, tidied, type Definition } from '@/ui/form/definition'

/** What can be edited of a script. */
export interface Draft extends Policy {
  name: string
  language: Language
  code: string
  description: string
  tags: string[]
  folder: string
  category: string | null
  parameters: Definition[]
  requirements: string[]
  timeout_s: number | null
  network: boolean
  hooks: Hooks
}

export const FIELDS = [
  'name',
  'language',
  'code',
  'description',
  'tags',
  'folder',
  'category',
  'parameters',
  'requirements',
  'timeout_s',
  'network',
  'hooks',
  ...POLICY_FIELDS,
] as const satisfies readonly (keyof Draft)[]
export type Field = (typeof FIELDS)[number]

/** Fields whose change makes a new version; the others are the script's own. */
export const VERSIONED: ReadonlySet<Field> = new Set([
  'language',
  'code',
  'parameters',
  'requirements',
  'timeout_s',
  'network',
  'hooks',
  ...POLICY_FIELDS,
])

export function draftOf(script: Pick<Script, Field>): Draft {
  return {
    name: script.name,
    language: script.language as Language,
    code: script.code,
    description: script.description,
    tags: [...script.tags],
    folder: script.folder ?? '',
    category: script.category ?? null,
    parameters: script.parameters.map(filled),
    requirements: [...script.requirements],
    timeout_s: script.timeout_s ?? null,
    network: script.network,
    hooks: hooksOf(script),
    ...policyOf(script),
  }
}

/** A copy that shares nothing; drafts are plain JSON, also where they are reactive. */
export function copyOf<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
}

/** Requirements as a file has them: blank lines and comments say nothing. */
export function requirementsOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return [...new Set(lines.filter((line) => line !== '' && !line.startsWith('#')))]
}

function comparable(draft: Draft, field: Field): string {
  const value = field === 'parameters' ? draft.parameters.map(tidied) : draft[field]
  return JSON.stringify(
    field === 'name' || field === 'description' || field === 'folder' ? String(value).trim() : value,
  )
}

export function sameField(one: Draft, other: Draft, field: Field): boolean {
  // The code is the long one: no detour by JSON on every key.
  return field === 'code' ? one.code === other.code : comparable(one, field) === comparable(other, field)
}

/** Fields in which two drafts differ. */
export function differences(one: Draft, other: Draft): Field[] {
  return FIELDS.filter((field) => !sameField(one, other, field))
}

/** The body of a PATCH: what differs from `base`, and which version it was based on. */
export function changeOf(draft: Draft, base: Draft, baseVersion: number, note = ''): ScriptChange {
  const change: Record<string, unknown> = { base_version: baseVersion }
  if (note.trim()) change.note = note.trim()
  for (const field of differences(draft, base)) {
    change[field] = field === 'parameters' ? draft.parameters.map(tidied) : draft[field]
  }
  return change as ScriptChange
}

export interface Merge {
  merged: Draft
  /** Changed on both sides, differently: somebody has to choose. */
  conflicts: Field[]
}

/** Lay my changes over theirs, field by field; where both changed a field, mine stands in `merged`. */
export function merge(base: Draft, mine: Draft, theirs: Draft): Merge {
  const merged = copyOf(theirs)
  const conflicts: Field[] = []
  for (const field of differences(mine, base)) {
    if (!sameField(theirs, base, field) && !sameField(theirs, mine, field)) conflicts.push(field)
    Object.assign(merged, { [field]: copyOf(mine[field]) })
  }
  return { merged, conflicts }
}
