import { POLICY_FIELDS } from '@/features/policy/policy'

/** The workbench's tabs beside the editor. */
export const TABS = ['parameters', 'environment', 'settings', 'versions', 'runs'] as const
export type Tab = (typeof TABS)[number]

/** The tabs there are: a module of the library is not run by itself, and what was never saved has no past. */
export function tabsOf(kind: 'script' | 'module', isSaved: boolean): readonly Tab[] {
  const tabs: readonly Tab[] = kind === 'module' ? ['settings', 'versions'] : TABS
  return isSaved ? tabs : tabs.filter((one) => one !== 'versions' && one !== 'runs')
}

interface Refusal {
  field: string
  message: string
}

export interface Refused {
  /** The tab on which the first refused field stands; null: the code itself, or nowhere. */
  tab: Tab | null
  /** Messages of parameter definitions by their index. */
  definitions: Record<number, string>
  /** Messages of the other fields by name (`limits.cpu`, `mounts.0.source`); of requirements the first. */
  fields: Record<string, string>
}

const PLACES: Record<string, Tab> = {
  parameters: 'parameters',
  requirements: 'environment',
  name: 'settings',
  description: 'settings',
  tags: 'settings',
  folder: 'settings',
  category: 'settings',
  language: 'settings',
  timeout_s: 'settings',
  network: 'settings',
  hooks: 'settings',
  ...Object.fromEntries(POLICY_FIELDS.map((field) => [field, 'settings' as const])),
}
/** Fields that are made of others: each of those has a place of its own, and its message stands there. */
const MADE_OF_OTHERS = new Set(['concurrency', 'hooks', 'limits', 'mounts'])

/** Sort the fields of a refused save (`parameters.2.key`, `name`…) to where they can be mended. */
export function placeRefusals(errors: readonly Refusal[]): Refused {
  const refused: Refused = { tab: null, definitions: {}, fields: {} }
  for (const { field, message } of errors) {
    const [, top = '', index] = /^(?:draft\.)?([a-z_]+)(?:\.(\d+))?/.exec(field) ?? []
    refused.tab ??= PLACES[top] ?? null
    if (top === 'parameters' && index !== undefined) {
      const part = field.replace(/^(?:draft\.)?parameters\.\d+\.?/, '')
      refused.definitions[Number(index)] ??= part ? `${part}: ${message}` : message
    } else if (MADE_OF_OTHERS.has(top)) refused.fields[field.replace(/^draft\./, '')] ??= message
    else if (top) refused.fields[top] ??= message
  }
  return refused
}
