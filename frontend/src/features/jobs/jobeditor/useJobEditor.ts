import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import { getScript } from '@/features/workbench/api'
import { t } from '@/ui/i18n'
import { problemText } from '@/ui/i18n/problem'
import { usePreferences } from '@/ui/state/preferences'
import { toastProblem } from '@/ui/toast/toasts'
import { changeJob, createJob, getJob } from '../api'
import { blankDraft, bodyOf, draftOf, placed, type Refusals } from '../draft'
import { useJob } from '../queries'
import type { Job, SavedJob } from '../types'
import { useJobForm } from './useJobForm'

const NOTHING: Refusals = { fields: {}, triggers: {} }

/** What a new job begins from: another job, or the script it is to run. */
export interface Beginning {
  copy?: string | undefined
  script?: string | undefined
}

/** A job that is being written: what is saved, what is edited, what was refused of it, and saving. */
export function useJobEditor(jobId: Ref<string | null>, beginning: Ref<Beginning>) {
  const queries = useQueryClient()
  const preferences = usePreferences()
  const sourceId = computed(() => jobId.value ?? beginning.value.copy ?? null)
  const source = useJob(sourceId)
  const target = useQuery({
    queryKey: computed(() => keys.scripts.one(beginning.value.script ?? '')),
    queryFn: () => getScript(beginning.value.script ?? ''),
    enabled: computed(() => sourceId.value === null && beginning.value.script !== undefined),
  })

  const draft = ref(blankDraft())
  /** The job that is edited, or copied. */
  const base = shallowRef<Job | null>(null)
  /** The one that is edited here; a save over a later one is refused. */
  const revision = ref(0)
  const start = shallowRef(JSON.stringify(draft.value))
  const refused = ref<Refusals>(NOTHING)
  const trouble = ref('')
  const saving = ref(false)
  /** Somebody saved first. */
  const conflict = ref(false)
  const form = useJobForm(draft, base)

  const isDirty = computed(() => JSON.stringify(draft.value) !== start.value || form.isChanged.value)

  function adopt(job: Job): void {
    const isCopy = jobId.value === null
    base.value = job
    revision.value = job.revision
    draft.value = draftOf(job, isCopy ? 'copy' : 'edit')
    start.value = JSON.stringify(draft.value)
    if (isCopy) draft.value.name = t('jobeditor.copyName', { name: job.name })
    refused.value = NOTHING
    conflict.value = false
  }
  watch(
    () => source.data.value,
    (job) => {
      if (job && (base.value?.id !== job.id || (!isDirty.value && revision.value !== job.revision)))
        adopt(job)
    },
    { immediate: true },
  )
  watch(
    () => target.data.value,
    (script) => {
      if (!script || draft.value.target) return
      draft.value.target = { id: script.id, name: script.name }
      start.value = JSON.stringify(draft.value)
    },
    { immediate: true },
  )

  function refuse(error: unknown): void {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'job_changed') {
      conflict.value = true
      return
    }
    refused.value = placed(error.errors)
    if (error.code === 'job_taken') refused.value.fields.name = problemText(error)
    // What waits for a second person was told of by the frame.
    if (error.code !== 'needs_second_person') trouble.value = problemText(error)
    if (error.status === 0 || error.status >= 500) toastProblem(error)
  }

  /** Save it; null where it was refused, `refused` and `trouble` then say why. */
  async function save(): Promise<SavedJob | null> {
    if (saving.value) return null
    refused.value = NOTHING
    trouble.value = ''
    if (!draft.value.target) {
      refused.value = { fields: { target: t('jobeditor.targetMissing') }, triggers: {} }
      return null
    }
    const parameters = form.collect()
    if (!parameters) {
      trouble.value = t('jobeditor.valuesWrong')
      return null
    }
    saving.value = true
    try {
      const body = bodyOf(draft.value, parameters)
      const edited = jobId.value === null ? null : base.value
      const saved: SavedJob = edited
        ? await changeJob(edited.id, body, revision.value)
        : await createJob(preferences.project, body)
      keep(saved)
      return saved
    } catch (error) {
      refuse(error)
      return null
    } finally {
      saving.value = false
    }
  }

  function keep(saved: SavedJob): void {
    const job: SavedJob = { ...saved, secrets: null }
    start.value = JSON.stringify(draft.value)
    queries.setQueryData(keys.jobs.one(job.id), job)
    void queries.invalidateQueries({ queryKey: keys.jobs.lists })
    void queries.invalidateQueries({ queryKey: keys.jobs.changes(job.id) })
  }

  /** Somebody saved first: go on from theirs, or put mine over it. */
  async function settle(how: 'mine' | 'theirs'): Promise<SavedJob | null> {
    if (!base.value) return null
    const theirs = await getJob(base.value.id)
    queries.setQueryData(keys.jobs.one(theirs.id), theirs)
    if (how === 'theirs') {
      adopt(theirs)
      return null
    }
    revision.value = theirs.revision
    conflict.value = false
    return save()
  }

  return {
    draft,
    base,
    form,
    refused,
    trouble,
    saving,
    conflict,
    isDirty,
    error: source.error,
    refetch: source.refetch,
    isPending: computed(() => sourceId.value !== null && source.isPending.value),
    save,
    settle,
  }
}
export type JobEditor = ReturnType<typeof useJobEditor>
