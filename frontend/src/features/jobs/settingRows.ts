import { limitsText } from '@/features/policy/policy'
import { t } from '@/ui/i18n'
import { formatDuration, formatNumber } from '@/ui/i18n/format'
import type { Job } from './types'

/** What a job's settings come to, in rows of a name and a sentence. */
export function settingRows(
  job: Job,
  names: { set?: string | undefined; calendars?: (id: string) => string },
): { label: string; text: string }[] {
  const { settings: own } = job
  const ofScript = t('jobs.setting.ofScript')
  const { retry, breaker } = own
  return [
    { label: t('jobs.setting.queue'), text: own.queue ?? ofScript },
    {
      label: t('jobs.setting.priority'),
      text: own.priority === null ? ofScript : formatNumber(own.priority),
    },
    {
      label: t('jobs.setting.timeout'),
      text: own.timeout_s === null ? ofScript : formatDuration(own.timeout_s),
    },
    {
      label: t('jobs.setting.retry'),
      text: retry
        ? retry.retries
          ? t('jobs.retry.said', { wait: formatDuration(retry.retry_delay_s) }, retry.retries)
          : t('jobs.retry.never')
        : ofScript,
    },
    {
      label: t('jobs.setting.limits'),
      text: (own.limits && limitsText(own.limits)) || ofScript,
    },
    ...(own.stage ? [{ label: t('jobs.setting.stage'), text: own.stage }] : []),
    {
      label: t('jobs.setting.overlap'),
      text:
        own.overlap === 'allow'
          ? t('jobs.overlap.allow')
          : `${t(`jobs.overlap.${own.overlap}`)} · ${t('jobs.overlap.most', {}, own.max_active)}`,
    },
    {
      label: t('jobs.setting.grace'),
      text: formatDuration(own.grace_s),
    },
    {
      label: t('jobs.setting.catchUp'),
      text: t(`jobs.catchUp.said.${own.catch_up}`, { n: formatNumber(own.catch_up_most) }),
    },
    {
      label: t('jobs.setting.calendars'),
      text: own.calendars.length
        ? own.calendars.map((id) => names.calendars?.(id) ?? id).join(', ')
        : t('jobs.setting.none'),
    },
    {
      label: t('jobs.setting.breaker'),
      text: breaker
        ? [
            t('jobs.breaker.said', {}, breaker.failures),
            breaker.reset_s === null
              ? t('jobs.breaker.byHand')
              : t('jobs.breaker.trialAfter', { span: formatDuration(breaker.reset_s) }),
          ].join(' · ')
        : t('jobs.setting.off'),
    },
    {
      label: t('jobs.setting.alert'),
      text:
        own.alert_after_s === null
          ? t('jobs.setting.off')
          : t('jobs.alert.said', { span: formatDuration(own.alert_after_s) }),
    },
    ...(job.parameter_set ? [{ label: t('jobs.setting.set'), text: names.set ?? job.parameter_set }] : []),
  ]
}
