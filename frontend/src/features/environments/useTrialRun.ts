import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, watch, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import { useRun } from '@/features/runs/queries'
import { submitRun } from '@/features/runs/submit'
import { filled } from '@/ui/form/definition'
import { useSending } from '@/ui/form/sending'
import {
  collect,
  fieldMessages,
  filesOf,
  initialValues,
  type RawValues,
  type Trouble,
} from '@/ui/form/values'

/** A script run in an environment that it does not use yet: the form that it needs, and the run that comes of it. */
export function useTrialRun(environmentId: Ref<string>, scriptId: Ref<string>) {
  const queries = useQueryClient()
  const { data: script } = useQuery({
    queryKey: computed(() => keys.scripts.one(scriptId.value)),
    queryFn: () =>
      ask(client.GET('/api/v1/scripts/{script_id}', { params: { path: { script_id: scriptId.value } } })),
    enabled: computed(() => scriptId.value !== ''),
  })
  const definitions = computed(() => script.value?.parameters.map(filled) ?? [])
  const values = ref<RawValues>({})
  const troubles = ref<Record<string, Trouble>>({})
  const runId = ref<string | null>(null)
  const { data: run } = useRun(runId)
  watch(
    definitions,
    (now) => {
      values.value = initialValues(now)
      troubles.value = {}
    },
    { immediate: true },
  )
  watch(scriptId, () => (runId.value = null))

  const { busy, refused, trouble, send } = useSending(() =>
    // With files the values lie within the payload.
    definitions.value.flatMap(({ key }) => [`parameters.${key}`, `payload.parameters.${key}`]),
  )

  async function start(): Promise<void> {
    const collected = collect(definitions.value, values.value)
    troubles.value = collected.troubles
    if (Object.keys(collected.troubles).length > 0) return
    await send(
      () =>
        submitRun({
          path: `/api/v1/scripts/${scriptId.value}/runs`,
          payload: { parameters: collected.parameters, environment_id: environmentId.value },
          files: filesOf(definitions.value, values.value),
        }),
      (made) => {
        runId.value = made.id
        void queries.invalidateQueries({ queryKey: keys.runs.lists })
      },
    )
  }

  return {
    isKnown: computed(() => script.value !== undefined),
    definitions,
    values,
    troubles,
    refused: computed(() =>
      fieldMessages(Object.entries(refused.value).map(([field, message]) => ({ field, message }))),
    ),
    trouble,
    busy,
    run,
    start,
  }
}
