import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
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
  // A refusal is told as well: it may be about a field that is folded away.
  const { busy, refused, send } = useSending(() => [], toastProblem)
  const act = (work: () => Promise<unknown>, done: () => string) =>
    send(work, () => {
      toast(done())
      // What holds for a project may have come from the installation.
      return queries.invalidateQueries({ queryKey: keys.environments.sources(null).slice(0, -1) })
    })

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
