import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { choiceOf, type SourceDraft } from './sourceDraft'

/** Where packages come from: of a project, or with null of the installation. */
export function useSources(project: Ref<string | null>) {
  return useQuery({
    queryKey: computed(() => keys.environments.sources(project.value)),
    queryFn: () => ask(client.GET('/api/v1/package-sources', scopeOf(project.value))),
  })
}

/** The mirrors that are known by name. */
export function useMirrors() {
  return useQuery({
    queryKey: keys.environments.mirrors,
    queryFn: () => ask(client.GET('/api/v1/package-sources/mirrors')),
    staleTime: Infinity,
  })
}

/** Choose, or forget a choice; what the server refuses stands beside its field. */
export function useSourceActions(project: string | null) {
  const queries = useQueryClient()
  const busy = ref(false)
  const refused = ref<Record<string, string>>({})

  async function act(work: () => Promise<unknown>, done: () => string): Promise<void> {
    busy.value = true
    refused.value = {}
    try {
      await work()
      toast(done())
      // What holds for a project may have come from the installation.
      await queries.invalidateQueries({ queryKey: keys.environments.sources(null).slice(0, -1) })
    } catch (error) {
      if (error instanceof Problem && error.status === 422) refused.value = error.byField()
      toastProblem(error)
    } finally {
      busy.value = false
    }
  }

  return {
    busy,
    refused,
    save: (draft: SourceDraft) =>
      act(
        () => ask(client.PUT('/api/v1/package-sources', { ...scopeOf(project), body: choiceOf(draft) })),
        () => t('environments.sources.saved'),
      ),
    reset: () =>
      act(
        () => ask(client.DELETE('/api/v1/package-sources', scopeOf(project))),
        () => t('environments.sources.forgotten'),
      ),
  }
}

function scopeOf(project: string | null) {
  return { params: { query: project === null ? {} : { project } } }
}
