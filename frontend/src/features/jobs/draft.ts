import type { FieldProblem } from '@/api/problem'
import { optional } from '@/ui/i18n'
import type { Job, JobSettings, Mapping, Spec, SpecOf, Trigger, TriggerType } from './types'

/** A trigger while it is edited: `key` holds it apart from its neighbours, `id` is the one it is saved under. */
export type TriggerDraft = Spec & { key: string; id?: string }

export interface JobDraft {
  name: string
  description: string
  target: { id: string; name: string } | null
  parameter_set: string | null
  labels: Record<string, string>
  settings: JobSettings
  triggers: TriggerDraft[]
  enabled: boolean
}

export const SETTINGS: JobSettings = {
  queue: null,
  priority: null,
  timeout_s: null,
  limits: null,
  stage: null,
  retry: null,
  overlap: 'queue',
  max_active: 1,
  catch_up: 'latest',
  catch_up_most: 10,
  grace_s: 60,
  calendars: [],
  breaker: null,
  alert_after_s: null,
}

export const blankDraft = (): JobDraft => ({
  name: '',
  description: '',
  target: null,
  parameter_set: null,
  labels: {},
  settings: copied(SETTINGS),
  triggers: [],
  enabled: true,
})

let last = 0
const newKey = () => `t${String(++last)}`

/** A deep copy of plain data, also of what Vue watches. */
export const copied = <T>(data: T): T => JSON.parse(JSON.stringify(data)) as T

const ON = { enabled: true, note: '' }
const FRESH: { [T in TriggerType]: (zone: string, now: number) => SpecOf<T> } = {
  cron: (timezone) => ({ type: 'cron', ...ON, cron: '0 9 * * *', timezone }),
  interval: () => ({ type: 'interval', ...ON, every_s: 3600, anchor: null }),
  date: (_zone, now) => ({ type: 'date', ...ON, at: nextHour(now) }),
  webhook: () => ({
    type: 'webhook',
    ...ON,
    auth: 'hmac',
    mapping: {},
    condition: null,
    wait_s: null,
  }),
  after: () => ({ type: 'after', ...ON, job_id: '', on: 'success', mapping: {} }),
  file: () => ({
    type: 'file',
    ...ON,
    folder: '',
    connection: null,
    glob: '*',
    every_s: 30,
    settle_s: 10,
    mapping: {},
  }),
}

function nextHour(now: number): string {
  const hour = 3_600_000
  return new Date(Math.ceil((now + 1) / hour) * hour).toISOString()
}

/** A trigger as it stands when somebody adds one. */
export function freshTrigger(type: TriggerType, zone: string, now: number): TriggerDraft {
  return { ...FRESH[type](zone, now), key: newKey() }
}

/** Only what can be asked of a trigger, without what the server says of it. */
export function specOf(trigger: Spec): Spec {
  const each = { enabled: trigger.enabled, note: trigger.note }
  switch (trigger.type) {
    case 'cron':
      return { type: 'cron', ...each, cron: trigger.cron, timezone: trigger.timezone }
    case 'interval':
      return { type: 'interval', ...each, every_s: trigger.every_s, anchor: trigger.anchor ?? null }
    case 'date':
      return { type: 'date', ...each, at: trigger.at }
    case 'webhook':
      return {
        type: 'webhook',
        ...each,
        auth: trigger.auth,
        mapping: mapped(trigger.mapping),
        condition: trigger.condition ?? null,
        wait_s: trigger.wait_s ?? null,
      }
    case 'after':
      return {
        type: 'after',
        ...each,
        job_id: trigger.job_id,
        on: trigger.on,
        mapping: mapped(trigger.mapping),
      }
    case 'file':
      return {
        type: 'file',
        ...each,
        folder: trigger.folder ?? null,
        connection: trigger.connection ?? null,
        glob: trigger.glob,
        every_s: trigger.every_s,
        settle_s: trigger.settle_s,
        mapping: mapped(trigger.mapping),
      }
  }
}

const mapped = (mapping: Mapping | undefined): Mapping => ({ ...mapping })

/** What is edited of a job. A copy has triggers of its own. */
export function draftOf(job: Job, how: 'edit' | 'copy' = 'edit'): JobDraft {
  return {
    name: job.name,
    description: job.description,
    target: { id: job.target.id, name: job.target.name },
    parameter_set: job.parameter_set,
    labels: { ...job.labels },
    settings: copied({ ...SETTINGS, ...job.settings }),
    triggers: job.triggers.map((trigger: Trigger) => ({
      ...copied(specOf(trigger)),
      key: newKey(),
      ...(how === 'edit' ? { id: trigger.id } : {}),
    })),
    enabled: job.enabled,
  }
}

/** A draft as it is sent. */
export function bodyOf(draft: JobDraft, parameters: Record<string, unknown>) {
  return {
    name: draft.name.trim(),
    description: draft.description,
    target: { kind: 'script' as const, id: draft.target?.id ?? '' },
    parameters,
    parameter_set: draft.parameter_set,
    labels: draft.labels,
    settings: draft.settings,
    triggers: draft.triggers.map((trigger) => ({
      ...specOf(trigger),
      ...(trigger.id ? { id: trigger.id } : {}),
    })),
    enabled: draft.enabled,
  }
}
export type JobBody = ReturnType<typeof bodyOf>

const OF_TRIGGER = /^triggers\.(\d+)(?:\.(.+))?$/
const TAGS = new Set(['cron', 'interval', 'date', 'webhook', 'after', 'file'])

/** What was refused, by where it is edited: triggers by their place and field, the rest by field. */
export interface Refusals {
  fields: Record<string, string>
  triggers: Record<number, Record<string, string>>
}

export function placed(errors: readonly FieldProblem[]): Refusals {
  const fields: Record<string, string> = {}
  const triggers: Record<number, Record<string, string>> = {}
  for (const { field, message: said, code } of errors) {
    const message = optional(`jobs.refused.${code}`) ?? said
    const found = OF_TRIGGER.exec(field)
    if (!found) {
      fields[field] ??= message
      continue
    }
    const parts = (found[2] ?? '').split('.')
    // The server names which kind of trigger it is before the field, where it is one of several.
    if (parts.length > 1 && TAGS.has(parts[0] ?? '')) parts.shift()
    const here = (triggers[Number(found[1])] ??= {})
    here[parts.join('.')] ??= message
  }
  return { fields, triggers }
}
