import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { refDebounced } from '@vueuse/core'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { refusedFields } from '@/ui/i18n/problem'
import { previewTrigger } from './api'
import { specOf } from './draft'
import type { Spec, TimeSpec } from './types'

const PAUSE_MS = 300

const isByTime = (spec: Spec): spec is TimeSpec => ['cron', 'interval', 'date'].includes(spec.type)

/**
 * What a trigger that goes by time says in words, and when it is due next: asked of the server once the typing
 * pauses. `refused` are its words by field where it is no such thing.
 */
export function usePreview(spec: Ref<Spec>, pauseMs = PAUSE_MS) {
  const text = computed(() => JSON.stringify(specOf({ ...spec.value, enabled: true })))
  const settled = refDebounced(text, pauseMs)
  const wanted = computed(() => JSON.parse(settled.value) as Spec)
  const query = useQuery({
    queryKey: computed(() => keys.jobs.preview(settled.value)),
    queryFn: () => previewTrigger(wanted.value),
    enabled: computed(() => isByTime(wanted.value) && isComplete(wanted.value)),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })
  const refused = computed(() => {
    // What was typed since is not judged by what was said of it before.
    if (!query.error.value || settled.value !== text.value) return {}
    const fields: Record<string, string> = {}
    for (const [field, message] of Object.entries(refusedFields(query.error.value)))
      fields[field.split('.').at(-1) ?? field] ??= message
    return fields
  })
  const isSettled = computed(() => settled.value === text.value && !query.isFetching.value)
  return {
    /** Null while there is none, or what is typed is no trigger. */
    preview: computed(() => (query.error.value ? null : (query.data.value ?? null))),
    refused,
    /** The words belong to what stands in the fields now. */
    isSettled,
  }
}

function isComplete(spec: TimeSpec): boolean {
  if (spec.type === 'cron') return spec.cron.trim() !== '' && spec.timezone !== ''
  return spec.type === 'interval' ? spec.every_s >= 1 : spec.at !== ''
}
