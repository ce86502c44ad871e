import { useQueryClient } from '@tanstack/vue-query'
import { computed, ref, watch, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import { useRights } from '@/features/access/api'
import { overSet } from '@/features/parameters/sets'
import { useSets } from '@/features/parameters/useSets'
import { policyOf } from '@/features/policy/policy'
import { useRun } from '@/features/runs/queries'
import { isOver } from '@/features/runs/states'
import { submitRun, type Submitted } from '@/features/runs/submit'
import { tidied } from '@/ui/form/definition'
import {
  collect,
  fieldMessages,
  filesOf,
  initialValues,
  type RawValues,
  type Trouble,
} from '@/ui/form/values'
import { usePreferences } from '@/ui/state/preferences'
import { latestRun } from './api'
import { placeRefusals } from './fieldPlaces'
import type { Bench } from './useBench'

/** Running what is on the bench: the form's values, the files to send along, and the run that came of it. */
export function useBenchRun(bench: Bench, scriptId: Ref<string | null>) {
  const queries = useQueryClient()
  const preferences = usePreferences()
  const { may } = useRights()
  const values = ref<RawValues>({})
  const troubles = ref<Record<string, Trouble>>({})
  const refused = ref<Record<string, string>>({})
  const files = ref<File[]>([])
  const submitting = ref(false)
  /** Share of an upload that was sent, 0 to 1; null while nothing is sent. */
  const sent = ref<number | null>(null)
  const runId = ref<string | null>(null)
  const { data: run } = useRun(runId)
  const sets = useSets(
    computed(() => bench.base.value?.id ?? null),
    computed(() => bench.draft.value.parameters),
    values,
  )
  let abort = new AbortController()

  // A changed definition keeps what was typed as long as its type stays.
  watch(
    () =>
      bench.draft.value.parameters.map((one) => `${one.key}\n${one.type}\n${JSON.stringify(one.default)}`),
    (now, before = []) => {
      const kept = new Set(before)
      const fresh = initialValues(bench.draft.value.parameters)
      const next: RawValues = {}
      bench.draft.value.parameters.forEach((one, index) => {
        const old = values.value[one.key]
        next[one.key] = old !== undefined && kept.has(now[index] ?? '') ? old : (fresh[one.key] ?? '')
      })
      values.value = next
    },
    { immediate: true },
  )

  watch(
    scriptId,
    async (id) => {
      runId.value = null
      if (!id) return
      const last = await latestRun(id).catch(() => null)
      if (scriptId.value === id && runId.value === null) runId.value = last?.id ?? null
    },
    { immediate: true },
  )

  function touched(key: string): void {
    troubles.value = without(troubles.value, key)
    refused.value = without(refused.value, key)
  }

  /** The saved script where the draft is just that, else the text as it stands, as an unlisted version. */
  function request(parameters: Record<string, unknown>): { path: string; payload: object } {
    const { draft, base, isDirty } = bench
    if (base.value && !isDirty.value && !bench.newer.value) {
      const path = `/api/v1/scripts/${base.value.id}/runs`
      // What is on the bench is run, also where another version is the published one.
      const { four_eyes, published, version, project } = base.value
      const unpublished = four_eyes && published !== version && may(project, 'script:write')
      const more = unpublished ? { unpublished } : {}
      const set = sets.chosen.value
      if (!set) return { path, payload: { parameters, ...more } }
      const over = overSet(draft.value.parameters, parameters, set.values)
      return { path, payload: { parameter_set: set.id, parameters: over, ...more } }
    }
    const { language, code, requirements, timeout_s, network, hooks, name } = draft.value
    return {
      path: '/api/v1/runs',
      payload: {
        project: preferences.project,
        parameters,
        draft: {
          language,
          code,
          requirements,
          timeout_s,
          network,
          hooks,
          ...policyOf(draft.value),
          parameters: draft.value.parameters.map(tidied),
          ...(base.value ? { script_id: base.value.id } : {}),
          ...(name.trim() ? { name: name.trim() } : {}),
        },
      },
    }
  }

  /** Submit; null when the form is not right (its fields then say why). Failures of another kind are thrown. */
  async function start(): Promise<Submitted | null> {
    if (submitting.value) return null
    const collected = collect(bench.draft.value.parameters, values.value)
    troubles.value = collected.troubles
    refused.value = {}
    if (Object.keys(collected.troubles).length > 0) return null
    // A file that a field asks for comes before one of the same name that was only laid beside.
    const asked = filesOf(bench.draft.value.parameters, values.value)
    const named = new Set(asked.map((file) => file.name))
    const sending = [...asked, ...files.value.filter((file) => !named.has(file.name))]
    submitting.value = true
    abort = new AbortController()
    try {
      const made = await submitRun({
        ...request(collected.parameters),
        files: sending,
        signal: abort.signal,
        progress: (done, total) => (sent.value = sending.length && total ? done / total : null),
      })
      runId.value = made.id
      void queries.invalidateQueries({ queryKey: keys.runs.lists })
      return made
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return null
      if (!(error instanceof Problem) || error.status !== 422) throw error
      refused.value = fieldMessages(error.errors)
      bench.refused.value = placeRefusals(error.errors.filter((one) => /^(draft\.)/.test(one.field)))
      if (Object.keys(refused.value).length === 0) throw error
      return null
    } finally {
      submitting.value = false
      sent.value = null
    }
  }

  return {
    values,
    sets,
    troubles,
    refused,
    files,
    submitting,
    sent,
    runId,
    run: computed(() => run.value ?? null),
    isRunning: computed(() => run.value !== undefined && !isOver(run.value.state)),
    touched,
    start,
    stopUpload: () => {
      abort.abort()
    },
  }
}

export type BenchRun = ReturnType<typeof useBenchRun>

function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
}
