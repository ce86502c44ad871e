import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import type { components } from '@/api/schema'
import { LIMITS, type Limit as Resource, type WHEN_BUSY } from '@/features/policy/policy'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'

export type ProjectRules = components['schemas']['RunPolicy']
export type YardLimits = components['schemas']['YardLimits']

export interface RunLimit {
  limit: number | null
  policy: (typeof WHEN_BUSY)[number]
}

/** What a project lays down, with what the server leaves out when it is open. */
export function rulesDraft(rules: ProjectRules) {
  const { bounds, concurrency, retention } = rules
  const limits = Object.fromEntries(LIMITS.map((one) => [one, bounds?.limits?.[one] ?? null]))
  return {
    bounds: {
      priority: bounds?.priority ?? null,
      timeout_s: bounds?.timeout_s ?? null,
      queues: bounds?.queues ?? null,
      limits: limits as Record<Resource, number | null>,
    },
    concurrency: limitOf(concurrency),
    retention: retention
      ? {
          max_age_days: retention.max_age_days ?? null,
          max_runs: retention.max_runs ?? null,
          max_size_mb: retention.max_size_mb ?? null,
          archive: retention.archive ?? false,
        }
      : null,
  }
}
export type RulesDraft = ReturnType<typeof rulesDraft>
export type BoundsDraft = RulesDraft['bounds']

/** The queues that a line names, by commas or spaces; null, which is any, where it names none. */
export function queuesOf(text: string): string[] | null {
  const named = [...new Set(text.split(/[\s,，、]+/).filter(Boolean))]
  return named.length ? named : null
}

/** What is said of a field, or else of the first of its items. */
export function refusedBelow(refused: Record<string, string>, field: string): string | undefined {
  const item = Object.keys(refused).find((name) => name === field || name.startsWith(`${field}.`))
  return item === undefined ? undefined : refused[item]
}

export function limitsDraft(limits: YardLimits) {
  return {
    installation: limitOf(limits.installation),
    queues: (limits.queues ?? []).map(({ queue, ...limit }) => ({ queue, ...limitOf(limit) })),
  }
}
export type LimitsDraft = ReturnType<typeof limitsDraft>

function limitOf(limit: Partial<RunLimit> | undefined): RunLimit {
  return { limit: limit?.limit ?? null, policy: limit?.policy ?? 'queue' }
}

export function useRules(project: Ref<string>) {
  return useQuery({
    queryKey: computed(() => keys.runs.rules(project.value)),
    queryFn: () =>
      ask(
        client.GET('/api/v1/projects/{project}/run-policy', { params: { path: { project: project.value } } }),
      ),
  })
}

export function useYardLimits() {
  return useQuery({ queryKey: keys.runs.limits, queryFn: () => ask(client.GET('/api/v1/run-limits')) })
}

/** Save rules; what the server refuses stands beside its field. */
export function useRuleActions() {
  const queries = useQueryClient()
  // A refusal is told as well: its field may be out of sight.
  const { busy, refused, send } = useSending(() => [], toastProblem)
  const save = <T>(key: readonly unknown[], work: () => Promise<T>) =>
    send(work, (saved) => {
      queries.setQueryData(key, saved)
      toast(t('runs.rules.saved'))
    })

  return {
    busy,
    refused,
    saveRules: (project: string, body: RulesDraft) =>
      save(keys.runs.rules(project), () =>
        ask(client.PUT('/api/v1/projects/{project}/run-policy', { params: { path: { project } }, body })),
      ),
    saveLimits: (body: LimitsDraft) =>
      save(keys.runs.limits, () => ask(client.PUT('/api/v1/run-limits', { body }))),
  }
}
