/** How people sign in here: by a form, by a provider that has a label, or both. */
export interface Ways {
  form: boolean
  local: boolean
  second_factor?: 'optional' | 'administrators' | 'everybody'
  oidc: { label: string } | null
}

/** Asked before anybody is logged in, so without the session's client. Null when the server can't be asked. */
export async function readWays(): Promise<Ways | null> {
  try {
    const response = await fetch('/api/v1/auth/ways', { credentials: 'same-origin' })
    return response.ok ? ((await response.json()) as Ways) : null
  } catch {
    return null
  }
}
