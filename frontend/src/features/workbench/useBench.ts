import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import type { Language, Script, ScriptKind } from '@/api/types'
import { hooksOf } from '@/features/hooks/hooks'
import { policyOf } from '@/features/policy/policy'
import { usePreferences } from '@/ui/state/preferences'
import { changeScript, createScript, getScript } from './api'
import {
  changeOf,
  copyOf,
  differences,
  draftOf,
  FIELDS,
  merge,
  type Draft,
  type Field,
  type Merge,
} from './draft'
import { placeRefusals, type Refused } from './fieldPlaces'
import { isStarter, STARTERS } from './starters'

export interface Conflict extends Merge {
  theirs: Script
}

const NOTHING: Refused = { tab: null, definitions: {}, fields: {} }

function blank(kind: ScriptKind): Draft {
  return {
    name: '',
    language: 'python',
    code: STARTERS[kind].python,
    description: '',
    tags: [],
    folder: '',
    category: null,
    parameters: [],
    requirements: [],
    timeout_s: null,
    network: true,
    hooks: hooksOf({}),
    ...policyOf({}),
  }
}

/** The script on the bench: what is saved, what is being edited, and how the two come together. */
export function useBench(scriptId: Ref<string | null>, newKind: Ref<ScriptKind>) {
  const queries = useQueryClient()
  const preferences = usePreferences()
  const draft = ref<Draft>(blank(newKind.value))
  /** The version that the draft began from; null for a script that was never saved. */
  const base = shallowRef<Script | null>(null)
  const kind = computed<ScriptKind>(() => base.value?.kind ?? newKind.value)
  const saving = ref(false)
  /** It is being deleted: news of that has nobody fetch it once more. */
  const isLeaving = ref(false)
  const conflict = shallowRef<Conflict | null>(null)
  const refused = ref<Refused>(NOTHING)

  const query = useQuery({
    queryKey: computed(() => keys.scripts.one(scriptId.value ?? '')),
    queryFn: () => getScript(scriptId.value ?? ''),
    enabled: computed(() => scriptId.value !== null && !isLeaving.value),
  })
  const latest = computed(() => (scriptId.value === null ? null : (query.data.value ?? null)))

  const start = computed(() => (base.value ? draftOf(base.value) : blank(newKind.value)))
  const changed = computed<Field[]>(() => differences(draft.value, start.value))
  const isDirty = computed(() => changed.value.length > 0)
  /** Somebody saved in the meantime, and the draft is not of that version. */
  const newer = computed(() =>
    latest.value && base.value && latest.value.version > base.value.version ? latest.value : null,
  )

  function adopt(script: Script): void {
    base.value = script
    draft.value = draftOf(script)
    refused.value = NOTHING
  }

  function began(): void {
    base.value = null
    draft.value = blank(newKind.value)
    conflict.value = null
    refused.value = NOTHING
  }
  watch([scriptId, newKind], began)
  // News are taken over at once while there is nothing to lose.
  watch(
    latest,
    (script) => {
      if (script && (base.value?.id !== script.id || !isDirty.value)) adopt(script)
    },
    { immediate: true },
  )

  function keep(script: Script): void {
    queries.setQueryData(keys.scripts.one(script.id), script)
    adopt(script)
    void queries.invalidateQueries({ queryKey: keys.scripts.versions(script.id) })
    void queries.invalidateQueries({ queryKey: keys.scripts.lists })
  }

  /**
   * Save the draft as a new version (or the script as its first). Returns the script, or null when it was refused:
   * `conflict` or `refused` then say why; any other failure is thrown.
   */
  async function save(note = ''): Promise<Script | null> {
    if (saving.value) return null
    saving.value = true
    refused.value = NOTHING
    try {
      const script = base.value
        ? await changeScript(base.value.id, changeOf(draft.value, start.value, base.value.version, note))
        : await createScript({
            ...draft.value,
            kind: newKind.value,
            project: preferences.project,
            ...(note ? { note } : {}),
          } as Parameters<typeof createScript>[0])
      conflict.value = null
      keep(script)
      return script
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'version_conflict' && base.value) {
        await meet(base.value)
        return null
      }
      if (error.code === 'name_taken') {
        refused.value = placeRefusals([{ field: 'name', message: error.message }])
        throw error
      }
      if (error.status === 422) refused.value = placeRefusals(error.errors)
      throw error
    } finally {
      saving.value = false
    }
  }

  /** Somebody saved first: fetch theirs, and see what can be put together. */
  async function meet(from: Script): Promise<void> {
    const theirs = await getScript(from.id)
    queries.setQueryData(keys.scripts.one(from.id), theirs)
    conflict.value = { theirs, ...merge(draftOf(from), draft.value, draftOf(theirs)) }
  }

  /** Go on from theirs with the given text on top; what was in conflict is then mine. */
  async function settle(how: 'merge' | 'theirs'): Promise<Script | null> {
    const met = conflict.value
    if (!met) return null
    conflict.value = null
    adopt(met.theirs)
    if (how === 'theirs') return met.theirs
    draft.value = copyOf(met.merged)
    return save()
  }

  /** Put a field (or all) back to what is saved. */
  function revert(fields: readonly Field[] = FIELDS): void {
    const back = start.value
    draft.value = {
      ...draft.value,
      ...Object.fromEntries(fields.map((field) => [field, copyOf(back[field])])),
    }
  }

  /** A starter makes way for that of the other language; what somebody wrote stays. */
  function setLanguage(language: Language): void {
    if (isStarter(draft.value.code)) draft.value.code = STARTERS[kind.value][language]
    draft.value.language = language
  }

  return {
    draft,
    base,
    kind,
    setLanguage,
    latest,
    newer,
    changed,
    isDirty,
    saving,
    isLeaving,
    conflict,
    refused,
    error: query.error,
    isPending: computed(() => scriptId.value !== null && query.isPending.value),
    refetch: query.refetch,
    save,
    settle,
    revert,
    adopt,
    keep,
    showConflict: () => base.value && meet(base.value),
  }
}

export type Bench = ReturnType<typeof useBench>
