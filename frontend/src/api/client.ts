import createClient from 'openapi-fetch'
import { Problem, problemOf } from './problem'
import { accessToken, renew } from './session'
import type { components, paths } from './schema'
import type { Page } from './types'
import { tellWaiting } from './waiting'

function authorised(request: Request): Request {
  // Tells the server that a person at this page asks: runs are then "by hand", not "over the API".
  request.headers.set('x-runyard-client', 'page')
  const token = accessToken.value
  if (token) request.headers.set('authorization', `Bearer ${token}`)
  return request
}

/**
 * `fetch` with the session: adds the token, and on a 401 renews once and repeats the request. Network failure
 * becomes `Problem` with code `unreachable`; every answer, also a refusal, is returned as it is.
 */
export async function authorisedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  // A body can be read once: the copy is what a repetition sends.
  const again = request.clone()
  try {
    if (accessToken.value === null) await renew()
    const response = await fetch(authorised(request))
    if (response.status !== 401 || !(await renew())) return response
    return await fetch(authorised(again))
  } catch (error) {
    if (error instanceof Problem || (error instanceof DOMException && error.name === 'AbortError'))
      throw error
    throw new Problem(0)
  }
}

/** The typed API. Use through `ask`: `const script = await ask(client.GET('/api/v1/scripts/{script_id}', …))`. */
export const client = createClient<paths>({
  baseUrl: globalThis.location.origin,
  fetch: (request) => authorisedFetch(request),
  // Repeatable filters are `state=failed&state=lost`.
  querySerializer: { array: { style: 'form', explode: true } },
})

/** What waits for a second person was not done: pages go on as after a refusal, and the frame says what happens. */
function refuseWaiting(response: Response): void {
  const approval = response.headers.get('runyard-approval')
  if (approval) throw tellWaiting(approval)
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** What a route gives where its act is done: what waits for a second person is thrown, and never returned. */
type Done<T> = Exclude<NonNullable<T>, components['schemas']['WaitingAnswer']>

/** The body of a successful answer; throws `Problem` for any other. */
export async function ask<T>(answer: Promise<Answer<T>>): Promise<Done<T>> {
  const { data, error, response } = await answer
  if (!response.ok) {
    if (typeof error === 'object' && error !== null) throw new Problem(response.status, error)
    throw new Problem(response.status)
  }
  refuseWaiting(response)
  return data as Done<T>
}

/** A raw authorised request (streams, files, multipart); throws `Problem` unless the answer is 2xx. */
export async function askRaw(path: string, init?: RequestInit): Promise<Response> {
  const response = await authorisedFetch(new URL(path, globalThis.location.origin), init)
  if (!response.ok) throw await problemOf(response)
  refuseWaiting(response)
  return response
}

/** Of a list, how many items are asked for at once: as many as the server gives. */
const MOST = 500

/** Every item of a list, asked for page after page: for what is chosen from, or shown, as a whole. */
export async function askAll<T>(
  page: (asked: { limit: number; cursor?: string }) => Promise<Answer<Page<T>>>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null | undefined
  do {
    const found: Page<T> = await ask(page({ limit: MOST, ...(cursor ? { cursor } : {}) }))
    items.push(...found.items)
    cursor = found.next_cursor
  } while (cursor)
  return items
}
