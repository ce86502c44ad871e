const load = () => import('./frame')
let loading: ReturnType<typeof load> | undefined

/**
 * Everything that stands around a page once somebody is logged in. Apart, so that the login page waits neither for
 * the frame nor for the query cache; asked for early, so that it arrives together with the first page's own code.
 */
export function loadShell(): ReturnType<typeof load> {
  loading ??= load()
  return loading
}
