import { limitsText } from '@/features/policy/policy'
import { t } from '@/ui/i18n'
import { formatDuration, formatNumber } from '@/ui/i18n/format'
import type { JobSettings } from '../types'

/** What each part of the settings says now, in one line beside its heading. */
export function partSummaries(settings: JobSettings) {
  const { breaker, retry } = settings
  return {
    overlap:
      settings.overlap === 'allow'
        ? t('jobs.overlap.allow')
        : `${t(`jobs.overlap.${settings.overlap}`)} · ${t('jobs.overlap.most', {}, settings.max_active)}`,
    late: t(`jobs.catchUp.said.${settings.catch_up}`, { n: formatNumber(settings.catch_up_most) }),
    blackouts: settings.calendars.length
      ? t('jobeditor.blackouts.some', {}, settings.calendars.length)
      : t('jobs.setting.none'),
    alarm: [
      breaker ? t('jobs.breaker.said', {}, breaker.failures) : '',
      settings.alert_after_s === null
        ? ''
        : t('jobs.alert.said', { span: formatDuration(settings.alert_after_s) }),
    ]
      .filter(Boolean)
      .join(' · '),
    place:
      [
        settings.queue ?? '',
        settings.priority === null ? '' : t('jobeditor.priorityIs', { n: formatNumber(settings.priority) }),
        settings.timeout_s === null ? '' : formatDuration(settings.timeout_s),
        retry?.retries
          ? t('jobs.retry.said', { wait: formatDuration(retry.retry_delay_s) }, retry.retries)
          : '',
        settings.stage ?? '',
      ]
        .filter(Boolean)
        .join(' · ') || t('jobs.setting.ofScript'),
    limits: (settings.limits && limitsText(settings.limits)) || t('jobs.setting.ofScript'),
  }
}
