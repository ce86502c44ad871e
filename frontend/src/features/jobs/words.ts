import { optional, t, type Values } from '@/ui/i18n'
import { formatDuration, formatNumber } from '@/ui/i18n/format'
import { problemText } from '@/ui/i18n/problem'
import { spoken } from './spoken'
import type { Job, Outcome, Pause, Spec, Trigger } from './types'
import { formatIn } from './zones'

/** What a trigger does, in one line. */
export function triggerText(
  trigger: Spec & Partial<Pick<Trigger, 'words'>>,
  nameOf?: (job: string) => string,
) {
  switch (trigger.type) {
    case 'date':
      return t('jobs.trigger.said.date', { at: formatIn(trigger.at) })
    case 'interval':
      return trigger.words
        ? spoken(trigger.words)
        : t('jobs.trigger.said.interval', { span: formatDuration(trigger.every_s) })
    case 'cron':
      return trigger.words ? spoken(trigger.words) : trigger.cron
    case 'webhook':
      return t('jobs.trigger.said.webhook')
    case 'after':
      return t(`jobs.trigger.said.after.${trigger.on}`, { job: nameOf?.(trigger.job_id) ?? trigger.job_id })
    case 'file':
      return t('jobs.trigger.said.file', {
        glob: trigger.glob,
        place: trigger.connection ?? trigger.folder ?? '',
      })
  }
}

/** What stands in for a job's triggers where there is one line for them. */
export function triggersText(job: Job, nameOf?: (job: string) => string): string {
  const [first, ...rest] = job.triggers.filter((trigger) => trigger.enabled)
  if (!first) return job.triggers.length ? t('jobs.trigger.allOff') : t('jobs.trigger.none')
  const text = triggerText(first, nameOf)
  return rest.length ? t('jobs.trigger.more', { text, n: rest.length }) : text
}

/** Who or what paused it, and since when. */
export function pauseText(pause: Pause): string {
  const values: Values = { by: pause.by || t('jobs.pause.somebody') }
  const who = optional(`jobs.pause.said.${pause.whole_project ? 'project' : pause.kind}`, values)
  return [
    who ?? t('jobs.pause.said.person', values),
    pause.until ? t('jobs.pause.until', { at: formatIn(pause.until) }) : '',
    pause.why,
  ]
    .filter(Boolean)
    .join(' · ')
}

/** What keeps a job, or one of its triggers, from working. */
export const troubleText = ({ code, message }: { code: string; message: string }): string =>
  optional(`jobs.broken.${code}`) ?? problemText(Object.assign(new Error(message), { code }))

/** Why a job is as it is; empty where there is nothing to tell. */
export function whyText(job: Job): string {
  if (job.broken) return troubleText(job.broken)
  if (job.paused) return pauseText(job.paused)
  if (job.breaker.state === 'half_open') return t('jobs.breaker.trial')
  if (job.state === 'no_triggers') return t('jobs.why.noTriggers')
  return ''
}

const THINGS: Record<string, string> = { 'the circuit breaker': 'breaker', 'shadow mode': 'shadow' }
/** A window, a person, or what else kept a job from starting. */
export const holderText = (name: string): string => optional(`jobs.holder.${THINGS[name] ?? ''}`) ?? name

export const outcomeText = (outcome: Outcome): string => t(`jobs.outcome.${outcome}`)

/** A value before or after a change. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'number') return formatNumber(value)
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
