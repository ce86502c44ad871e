import type { ComparedRow } from '@/features/runs/comparison'
import { LIMITS } from '@/features/policy/policy'
import { t } from '@/ui/i18n'
import { formatDuration, formatNumber, languageName } from '@/ui/i18n/format'
import { differences, type Draft, type Field } from './draft'

/** Fields that are texts of several lines, or trees: two of them are compared line by line, each by itself. */
const TEXTS = [
  'code',
  'description',
  'parameters',
  'requirements',
  'hooks',
] as const satisfies readonly Field[]
export type Text = (typeof TEXTS)[number]

/** What differs between two drafts: texts, of which the code comes first, and how many settings. */
export function partsOf(before: Draft, after: Draft): { texts: Text[]; settings: ComparedRow[] } {
  const changed = differences(before, after)
  return {
    texts: TEXTS.filter((one) => changed.includes(one)),
    settings: changed
      .filter((one) => !(TEXTS as readonly Field[]).includes(one))
      .map((field) => ({
        name: t(`workbench.field.${field}`),
        a: settingText(before, field),
        b: settingText(after, field),
        same: false,
        change: '',
      })),
  }
}

const NOTHING = '–'
const SAID: Partial<Record<Field, (draft: Draft) => string>> = {
  language: ({ language }) => languageName(language),
  timeout_s: ({ timeout_s: seconds }) =>
    seconds === null ? t('workbench.settings.timeoutNone') : formatDuration(seconds),
  network: ({ network }) => (network ? t('workbench.diff.on') : t('workbench.diff.off')),
  retry_delay_s: ({ retry_delay_s: seconds }) => formatDuration(seconds),
  backoff: ({ backoff }) => t(`policy.retries.backoffs.${backoff}`),
  retry_on: ({ retry_on: outcomes }) =>
    outcomes.map((one) => t(`policy.retries.outcome.${one}`)).join(t('workbench.comma')),
  concurrency: ({ concurrency: one }) =>
    one === null
      ? ''
      : [
          t('policy.concurrency.some', { n: formatNumber(one.limit) }),
          t(`policy.concurrency.policies.${one.policy}`),
          one.key,
        ]
          .filter(Boolean)
          .join(' · '),
  limits: ({ limits }) =>
    LIMITS.flatMap((one) => {
      const value = limits[one]
      return value === null ? [] : [t(`policy.limits.some.${one}`, { n: formatNumber(value) })]
    }).join('\n'),
  isolation: ({ isolation }) =>
    isolation === null ? t('policy.place.strongest') : t(`policy.level.${isolation}`),
  mounts: ({ mounts }) =>
    mounts.map(({ source, target, mode }) => `${source}${target ? ` → ${target}` : ''} (${mode})`).join('\n'),
  egress: ({ egress }) => (egress === null ? t('workbench.diff.anywhere') : egress.join('\n')),
  package_manager: ({ package_manager: manager }) => t(`policy.python.managers.${manager}`),
}

function settingText(draft: Draft, field: Field): string {
  const said = SAID[field]
  if (said) return said(draft) || NOTHING
  const value = draft[field]
  const text = Array.isArray(value) ? value.join(t('workbench.comma')) : String(value ?? '')
  return text || NOTHING
}
