import type { Run } from '@/api/types'
import { optional, t } from '@/ui/i18n'
import { saidText } from '@/ui/i18n/said'
import { formatNumber } from '@/ui/i18n/format'

/** One limit as it was in force, or as it could not be. */
export interface Grip {
  enforced?: boolean
  by?: string
  why?: string
  [limit: string]: unknown
}

/** What a run keeps of what held it; runs of older versions know less. */
export interface InForce {
  level?: string
  user?: string
  network?: string
  /** The only places that it could reach; null: every place, as far as the network was on. */
  egress?: string[] | null
  filesystem?: string
  mounts?: string[]
  system_calls?: string
  memory?: Grip | null
  pids?: Grip | null
  cpu?: Grip | null
  disk?: Grip | null
  missing?: string[]
}

const UNITS = {
  memory: 'runs.isolation.mb',
  pids: 'runs.isolation.processes',
  cpu: 'runs.isolation.cores',
  disk: 'runs.isolation.mb',
} as const
export type Held = keyof typeof UNITS
const LIMITS = Object.keys(UNITS) as Held[]

export const inForce = (run: Pick<Run, 'isolation'>) => run.isolation as InForce | null

/** Every limit that the run tells of; null where nobody asked for one. */
export function gripsOf(force: InForce): { name: Held; grip: Grip | null }[] {
  return LIMITS.filter((name) => name in force).map((name) => ({ name, grip: force[name] ?? null }))
}

export function limitText(name: Held, grip: Grip): string {
  const number = Object.values(grip).find((value) => typeof value === 'number')
  return number === undefined ? t('runs.isolation.noLimit') : t(UNITS[name], { n: formatNumber(number) })
}

export function gripText(grip: Grip): string {
  return grip.enforced
    ? t('runs.isolation.enforced', { by: grip.by ?? '' })
    : t('runs.isolation.notEnforced', { why: saidText(grip.why ?? '') })
}

/** Whether the network was off, everywhere, or some places only; a word of a newer server is shown as it is. */
export function networkText({ network, egress }: InForce): string {
  if (network === 'off') return t('runs.isolation.off')
  if (network !== 'allow-list') return t('runs.isolation.on')
  return egress?.length ? t('runs.isolation.onlyTo') : t('runs.isolation.nowhere')
}

/** The filter of system calls, in the page's language where its words are known. */
export function callsText(words: string): string {
  return optional(`runs.isolation.calls.${words.replaceAll(' ', '_')}`) ?? words
}
