import type { Script } from '@/api/types'
import { t } from '@/ui/i18n'
import { formatDuration, formatNumber } from '@/ui/i18n/format'

/** How a script's runs are admitted, retried and confined: what of it can be edited. */
export const POLICY_FIELDS = [
  'retries',
  'retry_delay_s',
  'backoff',
  'retry_on',
  'concurrency',
  'limits',
  'isolation',
  'mounts',
  'egress',
  'queue',
  'priority',
  'python_version',
  'package_manager',
  'secrets',
  'variables',
  'connections',
  'stage',
] as const satisfies readonly (keyof Script)[]
export type PolicyField = (typeof POLICY_FIELDS)[number]

export const OUTCOMES = ['failed', 'timed_out', 'lost'] as const
export type Outcome = (typeof OUTCOMES)[number]
export const BACKOFFS = ['fixed', 'exponential'] as const
export const WHEN_BUSY = ['queue', 'skip', 'cancel_previous'] as const
export const LEVELS = ['process', 'bubblewrap', 'container'] as const
export const LIMITS = ['cpu', 'memory_mb', 'pids', 'disk_mb', 'output_mb', 'open_files'] as const
export const MANAGERS = ['uv', 'conda'] as const
export type Limit = (typeof LIMITS)[number]
export type Limits = Record<Limit, number | null>

export interface Concurrency {
  key: string
  limit: number
  policy: (typeof WHEN_BUSY)[number]
}

export interface Mount {
  source: string
  target: string | null
  mode: 'ro' | 'rw'
}

export interface Policy {
  retries: number
  retry_delay_s: number
  backoff: (typeof BACKOFFS)[number]
  retry_on: Outcome[]
  concurrency: Concurrency | null
  limits: Limits
  isolation: (typeof LEVELS)[number] | null
  mounts: Mount[]
  /** The only places that the script may reach; null: all. */
  egress: string[] | null
  queue: string
  priority: number
  python_version: string
  package_manager: (typeof MANAGERS)[number]
  /** Names of secrets and variables that arrive as environment variables. */
  secrets: string[]
  variables: string[]
  connections: string[]
  stage: string | null
}

export const NO_LIMITS: Readonly<Limits> = {
  cpu: null,
  memory_mb: null,
  pids: null,
  disk_mb: null,
  output_mb: null,
  open_files: null,
}

/** The policy of a script, with what the server leaves out when it is the default. */
export function policyOf(script: Partial<Pick<Script, PolicyField>>): Policy {
  const { concurrency } = script
  return {
    retries: script.retries ?? 0,
    retry_delay_s: script.retry_delay_s ?? 10,
    backoff: script.backoff ?? 'fixed',
    retry_on: OUTCOMES.filter((one) => (script.retry_on ?? ['failed', 'timed_out']).includes(one)),
    concurrency: concurrency
      ? { key: concurrency.key ?? '', limit: concurrency.limit ?? 1, policy: concurrency.policy ?? 'queue' }
      : null,
    limits: { ...NO_LIMITS, ...script.limits },
    isolation: script.isolation ?? null,
    mounts: (script.mounts ?? []).map(({ source, target = null, mode = 'ro' }) => ({ source, target, mode })),
    egress: script.egress ? [...script.egress] : null,
    queue: script.queue ?? 'default',
    priority: script.priority ?? 0,
    python_version: script.python_version ?? '',
    package_manager: script.package_manager ?? 'uv',
    secrets: [...(script.secrets ?? [])],
    variables: [...(script.variables ?? [])],
    connections: [...(script.connections ?? [])],
    stage: script.stage ?? null,
  }
}

/** A number as typed: null where it is empty or none, so that a half-typed one changes nothing for the worse. */
export function numberOf(typed: string, { whole = false } = {}): number | null {
  const text = typed.trim()
  if (text === '' || !/^[+-]?\d*\.?\d+$/.test(text)) return null
  const value = Number(text)
  return whole ? Math.round(value) : value
}

/** Places as people write them, one on each line or apart by commas and spaces: each once, in lower case as the server keeps them. */
export function placesOf(text: string): string[] {
  return [
    ...new Set(
      text
        .toLowerCase()
        .split(/[\s,，、;；]+/u)
        .filter(Boolean),
    ),
  ]
}

/** The waits before each retry, as far as they are worth telling; the server adds jitter to each. */
export function waits({ retries, retry_delay_s: first, backoff }: Policy, most = 4): number[] {
  return Array.from({ length: Math.min(retries, most) }, (_, i) =>
    backoff === 'fixed' ? first : first * 2 ** i,
  )
}

/** What one attempt may use, in one line; empty where nothing is limited. */
export function limitsText(limits: Partial<Limits>): string {
  return LIMITS.flatMap((one) => {
    const value = limits[one] ?? null
    return value === null ? [] : [t(`policy.limits.some.${one}`, { n: formatNumber(value) })]
  }).join(' · ')
}

/** What a part of the policy says now, in one line beside its heading; empty where it is as by default. */
export function summaryOf(policy: Policy): {
  retries: string
  concurrency: string
  limits: string
  place: string
  python: string
  given: string
} {
  return {
    retries: policy.retries ? t('policy.retries.some', {}, policy.retries) : '',
    concurrency: policy.concurrency
      ? t('policy.concurrency.some', { n: formatNumber(policy.concurrency.limit) })
      : '',
    limits: limitsText(policy.limits),
    place: [
      policy.isolation ? t(`policy.level.${policy.isolation}`) : '',
      policy.queue === 'default' ? '' : policy.queue,
      policy.priority ? t('policy.place.priorityIs', { n: formatNumber(policy.priority) }) : '',
      policy.mounts.length ? t('policy.mounts.some', {}, policy.mounts.length) : '',
    ]
      .filter(Boolean)
      .join(' · '),
    given: [...policy.secrets, ...policy.variables, ...policy.connections, policy.stage ?? '']
      .filter(Boolean)
      .join(' · '),
    python: [policy.python_version, policy.package_manager === 'uv' ? '' : policy.package_manager]
      .filter(Boolean)
      .join(' · '),
  }
}

/** `10 s, 20 s, 40 s…` */
export function waitsText(policy: Policy): string {
  const shown = waits(policy).map((seconds) => formatDuration(seconds))
  return shown.join(', ') + (policy.retries > shown.length ? '…' : '')
}
