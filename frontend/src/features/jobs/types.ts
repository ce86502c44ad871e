import type { SlotBody, SlotSpan } from '@/api/schema'
import type { RunState } from '@/api/types'
import type { Limits } from '@/features/policy/policy'

/** What a job is run by, each with what belongs to it. */
export const TRIGGER_TYPES = ['cron', 'interval', 'date', 'webhook', 'after', 'file'] as const
export type TriggerType = (typeof TRIGGER_TYPES)[number]
export const JOB_STATES = ['on', 'paused', 'disabled', 'broken', 'no_triggers'] as const
export type JobState = (typeof JOB_STATES)[number]
export const OUTCOMES = ['fired', 'skipped', 'coalesced', 'missed', 'blackout', 'paused', 'dst'] as const
export type Outcome = (typeof OUTCOMES)[number]
export const ENDS = ['success', 'failure', 'any'] as const
export const OVERLAPS = ['queue', 'skip', 'cancel_previous', 'allow'] as const
export const CATCH_UPS = ['none', 'latest', 'all'] as const
export const SORTS = ['name', 'next', 'updated'] as const
export type JobSort = (typeof SORTS)[number]

interface OfEach {
  enabled: boolean
  /** What people want to remember of it. */
  note: string
}
export interface CronSpec extends OfEach {
  type: 'cron'
  cron: string
  timezone: string
}
export interface IntervalSpec extends OfEach {
  type: 'interval'
  every_s: number
  anchor: string | null
}
export interface DateSpec extends OfEach {
  type: 'date'
  at: string
}
/** Parameters by expression over what arrived. */
export type Mapping = Record<string, string>
export interface WebhookSpec extends OfEach {
  type: 'webhook'
  auth: 'hmac' | 'token'
  mapping: Mapping
  condition: string | null
  wait_s: number | null
}
export interface AfterSpec extends OfEach {
  type: 'after'
  job_id: string
  on: (typeof ENDS)[number]
  mapping: Mapping
}
export interface FileSpec extends OfEach {
  type: 'file'
  folder: string | null
  connection: string | null
  glob: string
  every_s: number
  settle_s: number
  mapping: Mapping
}
export type TimeSpec = CronSpec | IntervalSpec | DateSpec
export type Spec = TimeSpec | WebhookSpec | AfterSpec | FileSpec
export type SpecOf<T extends TriggerType> = Extract<Spec, { type: T }>

export interface Words {
  en: string
  zh: string
}

/** What the server says of a trigger beside what was asked of it. */
interface TriggerFacts {
  id: string
  words?: Words | null
  next_at?: string | null
  url?: string | null
  has_secret?: boolean
  trouble?: { code: string; message: string } | null
}
export type Trigger = Spec & TriggerFacts

export interface JobRetry {
  retries: number
  retry_delay_s: number
  backoff: 'fixed' | 'exponential'
  retry_on: ('failed' | 'timed_out' | 'lost')[]
}
export interface JobBreaker {
  failures: number
  reset_s: number | null
}
/** How a job is run, and what becomes of its due slots; null leaves it to the script. */
export interface JobSettings {
  queue: string | null
  priority: number | null
  timeout_s: number | null
  limits: Limits | null
  stage: string | null
  retry: JobRetry | null
  overlap: (typeof OVERLAPS)[number]
  max_active: number
  catch_up: (typeof CATCH_UPS)[number]
  catch_up_most: number
  grace_s: number
  calendars: string[]
  breaker: JobBreaker | null
  alert_after_s: number | null
}

export interface Pause {
  kind: string
  by: string | null
  why: string
  since: string
  until: string | null
  whole_project: boolean
}
export interface JobTarget {
  kind: 'script'
  id: string
  name: string
  language?: string | null
  missing: boolean
}
export interface LastResult {
  run_id: string
  state: RunState
  at: string
  slot_due_at: string | null
}
export interface Job {
  id: string
  project: string
  name: string
  description: string
  target: JobTarget
  parameters: Record<string, unknown>
  parameter_set: string | null
  labels: Record<string, string>
  settings: JobSettings
  triggers: Trigger[]
  enabled: boolean
  paused: Pause | null
  state: JobState
  broken: { code: string; message: string } | null
  breaker: {
    state: 'closed' | 'open' | 'half_open'
    failures: number
    opened_at: string | null
    trial_at: string | null
  }
  alert: { since: string; message: string } | null
  owner: { id: string; name: string; disabled: boolean } | null
  next: { at: string; trigger_id: string } | null
  last: LastResult[]
  success_rate: number | null
  runs_counted: number
  revision: number
  created_at: string
  updated_at: string
  updated_by: string | null
}
/** A job that was just saved; secrets of its webhooks are told this once, by trigger. */
export type SavedJob = Job & { secrets?: Record<string, string> | null }

/** A row of the ledger: one due instant, or a stretch of them that shared what became of them. */
export type Slot = SlotBody | SlotSpan
export interface JobChange {
  revision: number
  at: string
  by: string | null
  act: string
  changes: Record<string, { before: unknown; after: unknown }>
}
export interface Upcoming {
  at: string
  local: string
  fires: boolean
  dst: string | null
  note: Words
}
export interface Preview {
  words: Words
  times: Upcoming[]
}
export interface Backfill {
  from: string
  to: string
  trigger_ids?: string[]
  most: number
  order: 'oldest' | 'newest'
}
export interface BackfillPlan {
  count: number
  capped: boolean
  items: { trigger_id: string; due_at: string; had: Outcome | null }[]
}
