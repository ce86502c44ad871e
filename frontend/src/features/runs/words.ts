import type { Run, RunSummary } from '@/api/types'
import { language, optional, t } from '@/ui/i18n'
import { formatNumber } from '@/ui/i18n/format'

/** Why a run waits, in the page's language; the server's sentence where the page has none. */
export function waitingText(waiting: { code: string; message: string }): string {
  if (language.value === 'en') return waiting.message
  if (waiting.code === 'slots') {
    const slots = /(\d+) of (\d+) slots/.exec(waiting.message)
    const ahead = /([\d,]+\+?) runs? (?:is|are) ahead/.exec(waiting.message)
    const busy = slots ? t('runs.waiting.slots', { busy: slots[1] ?? '', slots: slots[2] ?? '' }) : ''
    if (busy && ahead) return `${busy}${t('runs.waiting.ahead', { n: ahead[1] ?? '' })}`
    if (busy) return `${busy}${t('runs.waiting.stop')}`
  }
  return optional(`runs.waiting.${waiting.code}`) ?? waiting.message
}

/** Why a run failed, in a few words. */
export function errorText(run: Run): string {
  if (!run.error) return ''
  const { code, message } = run.error
  if (code === 'signal' && run.exit_code !== null)
    return t('runs.error.signal', { n: signalName(run.exit_code - 128) })
  if (code === 'exit_code' && run.exit_code !== null) return t('runs.error.exit_code', { n: run.exit_code })
  // A build's message is the resolver's own text, many lines long: it stands below, whole.
  if (run.started_at === null && message.includes('\n')) return t('runs.error.build_failed')
  return language.value === 'en' ? message : (optional(`runs.error.${code}`) ?? message)
}

const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
}
export const signalName = (number: number): string => SIGNALS[number] ?? String(number)

/** `v7`, or that it ran an unsaved text. */
export function versionText(run: RunSummary): string {
  return run.version === null ? t('runs.draft') : `v${formatNumber(run.version)}`
}

export function triggerText(run: RunSummary): string {
  const kind = optional(`runs.trigger.${run.trigger.kind}`) ?? run.trigger.kind
  // That it is a job is said by the kind.
  const by = run.job_id ? run.trigger.by?.replace(/^job /, '') : run.trigger.by
  return by ? t('runs.triggeredBy', { kind, by }) : kind
}
