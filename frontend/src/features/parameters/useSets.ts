import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { keys } from '@/api/keys'
import type { Definition } from '@/ui/form/definition'
import type { RawValues } from '@/ui/form/values'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { changeSet, createSet, deleteSet, listSets, type ParameterSet } from './api'
import { filledWith, keptValues } from './sets'

/** The saved sets of a script, the one that fills its form now, and whether the form has left it. */
export function useSets(
  scriptId: Ref<string | null>,
  definitions: Ref<readonly Definition[]>,
  values: Ref<RawValues>,
) {
  const queries = useQueryClient()
  const query = useQuery({
    queryKey: computed(() => keys.scripts.sets(scriptId.value ?? '')),
    queryFn: () => listSets(scriptId.value ?? ''),
    enabled: computed(() => scriptId.value !== null),
  })
  const items = computed(() => query.data.value ?? [])
  const chosen = shallowRef<ParameterSet | null>(null)
  const busy = ref(false)
  watch(scriptId, () => (chosen.value = null))

  const isChanged = computed(() => {
    const set = chosen.value
    if (!set) return false
    return !sameValues(keptValues(definitions.value, values.value, set.values), set.values)
  })

  function take(set: ParameterSet | null): void {
    chosen.value = set
    values.value = filledWith(definitions.value, set?.values ?? {})
  }

  async function act(work: (id: string) => Promise<string>): Promise<boolean> {
    const id = scriptId.value
    if (id === null || busy.value) return false
    busy.value = true
    try {
      toast(await work(id))
      return true
    } catch (error) {
      toastProblem(error)
      return false
    } finally {
      busy.value = false
      void queries.invalidateQueries({ queryKey: keys.scripts.sets(id) })
    }
  }

  return {
    items,
    chosen,
    isChanged,
    busy,
    take,
    keep: (name: string) =>
      act(async (id) => {
        chosen.value = await createSet(id, { name, values: keptValues(definitions.value, values.value) })
        return t('parameters.set.kept', { name })
      }),
    update: () =>
      act(async (id) => {
        const set = chosen.value
        if (!set) return ''
        chosen.value = await changeSet(id, set.id, keptValues(definitions.value, values.value, set.values))
        return t('parameters.set.updated', { name: set.name })
      }),
    remove: () =>
      act(async (id) => {
        const set = chosen.value
        if (!set) return ''
        await deleteSet(id, set.id)
        chosen.value = null
        return t('parameters.set.removed', { name: set.name })
      }),
  }
}

export type ParameterSets = ReturnType<typeof useSets>

function sameValues(one: Record<string, unknown>, other: Record<string, unknown>): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]))
}
