import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import { Problem } from '@/api/problem'
import type { components } from '@/api/schema'
import { t } from '@/ui/i18n'
import { saidText } from '@/ui/i18n/said'
import { toast, toastProblem } from '@/ui/toast/toasts'

export type Interpreter = components['schemas']['InterpreterBody']
export type RegisteredKind = NonNullable<components['schemas']['NewInterpreter']['kind']>

/** `CPython 3.12.4`; one that could never be run is known by its path alone. */
export function nameOf({ implementation, version, path }: Interpreter): string {
  return [implementation, version].filter(Boolean).join(' ') || path
}

/** Whether runs can use an interpreter, and why not. */
export function verdictOf(one: Interpreter): { state: 'fine' | 'closed' | 'trouble'; why: string } {
  if (one.trouble) return { state: 'trouble', why: saidText(one.trouble) }
  return one.reachable
    ? { state: 'fine', why: '' }
    : { state: 'closed', why: saidText(one.unreachable_reason ?? '') }
}

export function useInterpreters() {
  return useQuery({
    queryKey: keys.environments.interpreters,
    queryFn: async () => (await ask(client.GET('/api/v1/interpreters'))).items,
  })
}

/** What can be done to interpreters. Failures become toasts, and stand in `refused` by field. */
export function useInterpreterActions() {
  const queries = useQueryClient()
  const busy = ref(false)
  const refused = ref<Record<string, string>>({})
  const at = ({ id }: Interpreter) => ({ params: { path: { interpreter_id: id } } })

  async function act<T>(work: () => Promise<T>, done: (got: T) => string): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    refused.value = {}
    try {
      toast(done(await work()))
      return true
    } catch (error) {
      const fields = error instanceof Problem && error.status === 422 ? error.byField() : {}
      if (Object.keys(fields).length) refused.value = fields
      else toastProblem(error)
      return false
    } finally {
      busy.value = false
      void queries.invalidateQueries({ queryKey: keys.environments.interpreters })
    }
  }

  return {
    busy,
    refused,
    scan: () =>
      act(
        () => ask(client.POST('/api/v1/interpreters/scan')),
        ({ items }) => t('environments.interpreters.scanned', {}, items.length),
      ),
    register: (kind: RegisteredKind, path: string) =>
      act(
        () => ask(client.POST('/api/v1/interpreters', { body: { kind, path } })),
        (one) => t('environments.interpreters.registered', { name: nameOf(one) }),
      ),
    probe: (one: Interpreter) =>
      act(
        () => ask(client.POST('/api/v1/interpreters/{interpreter_id}/probe', at(one))),
        (now) => t('environments.interpreters.probed', { name: nameOf(now) }),
      ),
    choose: (one: Interpreter, isDefault: boolean) =>
      act(
        () =>
          ask(
            client.PATCH('/api/v1/interpreters/{interpreter_id}', {
              ...at(one),
              body: { is_default: isDefault },
            }),
          ),
        () =>
          isDefault
            ? t('environments.interpreters.defaultSet', { name: nameOf(one) })
            : t('environments.interpreters.defaultTaken'),
      ),
    forget: (one: Interpreter) =>
      act(
        () => ask(client.DELETE('/api/v1/interpreters/{interpreter_id}', at(one))),
        () => t('environments.interpreters.forgotten', { name: nameOf(one) }),
      ),
  }
}
