import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { components } from '@/api/schema'
import { useSending } from '@/ui/form/sending'
import { toastProblem } from '@/ui/toast/toasts'
import { listCategories, listFolders } from './api'

export type Category = components['schemas']['Category']
export type CategoryChange = components['schemas']['CategoryChange']
const FRESH_MS = 60_000

export function useFolders(project: Ref<string>, enabled = ref(true)) {
  return useQuery({
    queryKey: computed(() => keys.scripts.folders(project.value)),
    queryFn: () => listFolders(project.value),
    enabled,
    staleTime: FRESH_MS,
  })
}

/** A project's categories, in their order. */
export function useCategories(project: Ref<string>, enabled = ref(true)) {
  return useQuery({
    queryKey: computed(() => keys.scripts.categories(project.value)),
    queryFn: () => listCategories(project.value),
    enabled,
    staleTime: FRESH_MS,
  })
}

/** What can be done to categories. What is wrong with a name stands in `refused`; other failures become toasts. */
export function useCategoryActions(project: Ref<string>) {
  const queries = useQueryClient()
  const { busy, refused, send } = useSending(() => ['name'], toastProblem)
  const act = (work: () => Promise<unknown>) =>
    // Rows of the list show the category too.
    send(work, () => queries.invalidateQueries({ queryKey: keys.scripts.all }))
  const of = ({ id }: Category) => ({ params: { path: { category_id: id } } })

  return {
    busy,
    refused,
    add: (name: string, colour: string) =>
      act(() => ask(client.POST('/api/v1/categories', { body: { name, colour, project: project.value } }))),
    change: (category: Category, body: CategoryChange) =>
      act(() => ask(client.PATCH('/api/v1/categories/{category_id}', { ...of(category), body }))),
    remove: (category: Category) =>
      act(async () => {
        await ask(client.DELETE('/api/v1/categories/{category_id}', of(category)))
      }),
  }
}
