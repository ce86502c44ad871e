import type { QueryClient } from '@tanstack/vue-query'
import { keys } from '@/api/keys'
import type { Environment, EnvironmentState } from '@/api/types'

/** Lay a state change over the cached environment, and ask for the rest of its news. */
export function patchEnvironment(
  queries: QueryClient,
  change: { id: string; state: EnvironmentState },
): void {
  queries.setQueryData<Environment>(
    keys.environments.one(change.id),
    (environment) => environment && { ...environment, state: change.state },
  )
  void queries.invalidateQueries({ queryKey: keys.environments.all })
}
