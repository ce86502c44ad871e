import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
import { toastProblem } from '@/ui/toast/toasts'
import { countApprovals, getApproval, getPublication, getRules, listApprovals, type View } from './api'

/** Nobody waits for a badge: it is asked for once the page stands, and again when the server tells of news. */
const COUNT_MS = 300_000

export function useApprovals(view: Ref<View>) {
  const query = useInfiniteQuery({
    queryKey: computed(() => keys.approvals.list(view.value)),
    queryFn: ({ pageParam }) => listApprovals(view.value, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  })
  const items = computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? [])
  return { ...query, items }
}

export function useWaiting(enabled: Ref<boolean>) {
  return useQuery({
    queryKey: keys.approvals.count,
    queryFn: countApprovals,
    staleTime: COUNT_MS,
    enabled,
  })
}

export function useApproval(id: () => string) {
  return useQuery({
    queryKey: computed(() => keys.approvals.one(id())),
    queryFn: () => getApproval(id()),
  })
}

export function useRules(project: () => string) {
  return useQuery({
    queryKey: computed(() => keys.approvals.rules(project())),
    queryFn: () => getRules(project()),
  })
}

/** How a script stands, asked for only where its project publishes by four eyes. */
export function usePublication(script: Ref<string>, enabled: Ref<boolean>) {
  return useQuery({
    queryKey: computed(() => keys.approvals.publication(script.value)),
    queryFn: () => getPublication(script.value),
    enabled: computed(() => enabled.value && script.value !== ''),
  })
}

/** Sends something about approvals; what the page knows of them is then asked anew. */
export function useDeciding(tell: (error: unknown) => void = toastProblem) {
  const queries = useQueryClient()
  const { busy, trouble, send } = useSending(() => [], tell)
  const act = <T>(work: () => Promise<T>, done: (answer: T) => unknown = () => undefined) =>
    send(work, async (answer) => {
      await done(answer)
      await queries.invalidateQueries({ queryKey: keys.approvals.all })
    })
  return { busy, trouble, act }
}
