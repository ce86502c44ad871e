import { computed } from 'vue'
import type { RunState } from '@/api/types'
import type { Filter } from '@/ui/FilterChips.vue'
import { t } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { useUrlFilters, useUrlText } from '@/ui/state/urlFilters'
import type { RunFilters } from './api'
import { useRuns } from './queries'
import { sinceOf, SPANS } from './spans'
import { RUN_STATES } from './states'

/** The runs list: its filters (in the URL) and its rows so far. */
export function useRunsList() {
  const preferences = usePreferences()
  const chips = useUrlFilters(['state', 'script', 'job', 'label', 'since', 'failure'])
  const q = useUrlText('q')

  const filters = computed<RunFilters>(() => {
    const on = chips.value
    const since = sinceOf(on.since?.[0])
    return {
      project: preferences.project,
      ...(on.state ? { state: on.state as RunState[] } : {}),
      ...(on.script?.[0] ? { script_id: on.script[0] } : {}),
      ...(on.job?.[0] ? { job_id: on.job[0] } : {}),
      ...(on.label ? { label: on.label } : {}),
      ...(on.failure?.[0] ? { failure_id: on.failure[0] } : {}),
      ...(since ? { since } : {}),
      ...(q.value ? { q: q.value } : {}),
    }
  })
  const filtered = computed(() => Object.keys(chips.value).length > 0 || q.value !== '')
  const query = useRuns(filters)

  const scriptChoices = computed(() => {
    const id = chips.value.script?.[0] ?? ''
    const name = query.runs.value.find((run) => run.script_id === id)?.script_name
    return name ? [{ value: id, label: name }] : []
  })
  const offered = computed<Filter[]>(() => [
    {
      key: 'state',
      label: t('runs.state'),
      many: true,
      choices: RUN_STATES.map((state) => ({ value: state, label: t(`ui.state.${state}`) })),
    },
    {
      key: 'since',
      label: t('runs.queuedSince'),
      choices: SPANS.map((value) => ({ value, label: t(`runs.span.${value}`) })),
    },
    // A script, a job and a failure are chosen by coming from them; here the chip can only be taken off.
    ...(chips.value.script ? [{ key: 'script', label: t('runs.script'), choices: scriptChoices.value }] : []),
    ...(chips.value.job
      ? [
          {
            key: 'job',
            label: t('runs.facts.job'),
            choices: chips.value.job.map((value) => ({ value, label: `…${value.slice(-6)}` })),
          },
        ]
      : []),
    ...(chips.value.failure
      ? [
          {
            key: 'failure',
            label: t('runs.failure.one'),
            choices: (chips.value.failure ?? []).map((value) => ({ value, label: `…${value.slice(-6)}` })),
          },
        ]
      : []),
    ...(chips.value.label ? [{ key: 'label', label: t('runs.label'), many: true, choices: [] }] : []),
  ])

  return { chips, q, filters, filtered, query, offered }
}
