import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, shallowRef, watch, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { dropSource, getSource, syncSource, type Source } from './api'
import { isSettled } from './sync'

const LOOK_MS = 1500
const PATIENCE_MS = 150_000

/** What a script is kept in step with, and what can be done about it. Failures become toasts. */
export function useSource(scriptId: Ref<string>) {
  const queries = useQueryClient()
  const key = computed(() => [...keys.scripts.one(scriptId.value), 'source'])
  const asked = shallowRef<{ source: Source; until: number } | null>(null)
  const query = useQuery({
    queryKey: key,
    queryFn: () => getSource(scriptId.value),
    refetchInterval: () => (asked.value ? LOOK_MS : false),
  })
  watch(scriptId, () => (asked.value = null))
  watch(query.dataUpdatedAt, (at) => {
    const source = query.data.value
    if (!asked.value || !source) return
    const isOver = isSettled(asked.value.source, source)
    if (!isOver && at < asked.value.until) return
    asked.value = null
    if (isOver && !source.error) toast(t('sources.synced'))
    void queries.invalidateQueries({ queryKey: keys.scripts.one(scriptId.value), exact: true })
    void queries.invalidateQueries({ queryKey: keys.scripts.versions(scriptId.value) })
  })

  /** The script has just been attached: it has a source, a new version and other files. */
  function attached(): void {
    void queries.invalidateQueries({ queryKey: keys.scripts.one(scriptId.value) })
    void queries.invalidateQueries({ queryKey: keys.scripts.versions(scriptId.value) })
  }

  async function sync(): Promise<void> {
    try {
      const source = await syncSource(scriptId.value)
      asked.value = { source, until: Date.now() + PATIENCE_MS }
      queries.setQueryData(key.value, source)
    } catch (error) {
      toastProblem(error)
    }
  }

  async function detach(): Promise<void> {
    try {
      await dropSource(scriptId.value)
      queries.setQueryData(key.value, null)
      toast(t('sources.detached'))
    } catch (error) {
      toastProblem(error)
    }
  }

  return {
    source: query.data,
    error: query.error,
    syncing: computed(() => asked.value !== null),
    sync,
    detach,
    attached,
  }
}
