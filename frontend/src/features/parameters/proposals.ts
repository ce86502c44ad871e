import { filled, tidied, type Definition, type SparseDefinition } from '@/ui/form/definition'

/** A parameter as the code has it, beside what the form has under the same key. */
export interface Proposal {
  definition: Definition
  line: number
  parser: string
  note: string
  /** `same` needs nothing, `changed` would replace what is there. */
  kind: 'new' | 'changed' | 'same'
}

interface Found {
  definition: SparseDefinition
  line: number
  parser: string
  note: string
}

export function proposalsOf(found: readonly Found[], now: readonly Definition[]): Proposal[] {
  return found.map(({ definition: raw, line, parser, note }) => {
    const definition = filled(raw)
    const before = now.find((one) => one.key === definition.key)
    const kind = !before ? 'new' : sameDefinition(before, definition) ? 'same' : 'changed'
    return { definition, line, parser, note, kind }
  })
}

function sameDefinition(one: Definition, other: Definition): boolean {
  return JSON.stringify(tidied(one)) === JSON.stringify(tidied(other))
}

/** The definitions with the accepted proposals in them: replaced where they stand, new ones at the end. */
export function accepted(now: readonly Definition[], proposals: readonly Proposal[]): Definition[] {
  const taken = new Map(proposals.map((one) => [one.definition.key, one.definition]))
  const kept = now.map((one) => taken.get(one.key) ?? one)
  const known = new Set(now.map((one) => one.key))
  return [...kept, ...[...taken.values()].filter((one) => !known.has(one.key))]
}
