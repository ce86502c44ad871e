import { computed } from 'vue'
import type { Filter } from '@/ui/FilterChips.vue'
import { t } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { useUrlFilters, useUrlText } from '@/ui/state/urlFilters'
import type { JobFilters } from './api'
import { useJobs } from './queries'
import { JOB_STATES, SORTS, TRIGGER_TYPES, type JobSort } from './types'

/** That of the texts in an address that is known: anything can stand there. */
function known<T extends string>(all: readonly T[], texts: readonly string[] | undefined): T | undefined {
  return all.find((one) => texts?.[0] === one)
}

/** The jobs list: its filters (in the URL) and its rows so far. */
export function useJobsList() {
  const preferences = usePreferences()
  const chips = useUrlFilters(['state', 'trigger', 'target', 'label'])
  const q = useUrlText('q')
  const sortText = useUrlText('sort')
  const sort = computed<JobSort>({
    get: () => SORTS.find((one) => one === sortText.value) ?? 'name',
    set: (next) => (sortText.value = next === 'name' ? '' : next),
  })

  const filters = computed<JobFilters>(() => {
    const on = chips.value
    const state = known(JOB_STATES, on.state)
    const trigger = known(TRIGGER_TYPES, on.trigger)
    return {
      project: preferences.project,
      sort: sort.value,
      ...(state ? { state } : {}),
      ...(trigger ? { trigger } : {}),
      ...(on.target?.[0] ? { target_id: on.target[0] } : {}),
      ...(on.label ? { label: on.label } : {}),
      ...(q.value ? { q: q.value } : {}),
    }
  })
  const filtered = computed(() => Object.keys(chips.value).length > 0 || q.value !== '')
  const query = useJobs(filters)

  const offered = computed<Filter[]>(() => [
    {
      key: 'state',
      label: t('jobs.state.label'),
      choices: JOB_STATES.map((value) => ({ value, label: t(`jobs.state.${value}`) })),
    },
    {
      key: 'trigger',
      label: t('jobs.trigger.label'),
      choices: TRIGGER_TYPES.map((value) => ({ value, label: t(`jobs.trigger.type.${value}`) })),
    },
    // A script and a label are chosen by coming from them; here the chip can only be taken off.
    ...(chips.value.target ? [{ key: 'target', label: t('jobs.target'), choices: targets.value }] : []),
    ...(chips.value.label ? [{ key: 'label', label: t('jobs.labels'), many: true, choices: [] }] : []),
  ])
  const targets = computed(() => {
    const id = chips.value.target?.[0] ?? ''
    const name = query.jobs.value.find((job) => job.target.id === id)?.target.name
    return name ? [{ value: id, label: name }] : []
  })

  return { chips, q, sort, filters, filtered, query, offered }
}
