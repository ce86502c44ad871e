import { useQuery } from '@tanstack/vue-query'
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { getScript } from '@/features/workbench/api'
import { filled, type Definition } from '@/ui/form/definition'
import type { RawValues, Trouble } from '@/ui/form/values'
import type { JobDraft } from '../draft'
import { filledForm, givable, keptParameters } from '../parameters'
import type { Job } from '../types'
import { useSetsOf } from '../useChoices'

/**
 * What the target asks for, and what the job gives it. The form is filled anew whenever another target or another
 * saved set is taken; `base` is the job that is edited or copied.
 */
export function useJobForm(draft: Ref<JobDraft>, base: Ref<Job | null>) {
  const targetId = computed(() => draft.value.target?.id ?? null)
  const script = useQuery({
    queryKey: computed(() => keys.scripts.one(targetId.value ?? '')),
    queryFn: () => getScript(targetId.value ?? ''),
    enabled: computed(() => targetId.value !== null),
  })
  const sets = useSetsOf(targetId)
  const asked = computed<Definition[]>(() => (script.data.value?.parameters ?? []).map(filled))
  const definitions = computed(() => givable(asked.value))
  const values = ref<RawValues>({})
  /** As the form stood when it was filled. */
  const start = shallowRef('')
  const troubles = ref<Record<string, Trouble>>({})

  const set = computed(() => sets.data.value?.find((one) => one.id === draft.value.parameter_set) ?? null)
  const ownTarget = computed(() => base.value !== null && base.value.target.id === targetId.value)
  const before = computed(() => (ownTarget.value ? (base.value?.parameters ?? {}) : {}))
  const isReady = computed(
    () =>
      script.data.value?.id === targetId.value &&
      (draft.value.parameter_set === null || sets.data.value !== undefined),
  )
  let filledFor: string | null = null

  function fill(): void {
    filledFor = targetId.value
    values.value = filledForm(definitions.value, before.value, set.value?.values)
    start.value = JSON.stringify(values.value)
    troubles.value = {}
  }
  watch(
    [isReady, targetId],
    () => {
      if (isReady.value && filledFor !== targetId.value) fill()
    },
    { immediate: true },
  )
  // What is saved meanwhile by somebody else is taken over with the rest of the job.
  watch(base, () => {
    if (isReady.value) fill()
  })

  return {
    definitions,
    /** It asks for a file and can't go without: a job has none to give. */
    wantsFile: computed(() => asked.value.some((one) => one.type === 'file' && one.required)),
    values,
    troubles,
    sets: computed(() => sets.data.value ?? []),
    isPending: computed(() => targetId.value !== null && script.isPending.value),
    error: script.error,
    isChanged: computed(() => start.value !== '' && JSON.stringify(values.value) !== start.value),
    /** Follow a saved set from now on, or none: then the values stay as they are. */
    takeSet(id: string | null): void {
      draft.value.parameter_set = id
      if (id) values.value = filledForm(definitions.value, {}, set.value?.values)
    },
    touched(key: string): void {
      troubles.value = Object.fromEntries(Object.entries(troubles.value).filter(([one]) => one !== key))
    },
    /** The parameters to send; null while something in the form can't be read. */
    collect(): Record<string, unknown> | null {
      // A script that can't be asked any more has no form: what the job has stays.
      if (!isReady.value) return before.value
      const kept = keptParameters(definitions.value, values.value, before.value, set.value?.values ?? null)
      troubles.value = kept.troubles
      return Object.keys(kept.troubles).length ? null : kept.parameters
    },
  }
}
export type JobForm = ReturnType<typeof useJobForm>
