import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from './problem'

const fetchMock = vi.fn<typeof fetch>()
const granted = (token: string) => Response.json({ access_token: token, expires_in: 900 })

async function loggedIn() {
  vi.resetModules()
  const session = await import('./session')
  const client = await import('./client')
  fetchMock.mockResolvedValueOnce(granted('old'))
  await session.login('u', 'p')
  fetchMock.mockClear()
  return { session, ...client }
}
const sent = (call: number) => fetchMock.mock.calls[call]?.[0] as Request

beforeEach(() => {
  localStorage.clear()
  fetchMock.mockReset()
  vi.stubGlobal('fetch', fetchMock)
})

describe('authorisedFetch', () => {
  it('repeats a refused request once, with the new token and the same body', async () => {
    const { authorisedFetch } = await loggedIn()
    fetchMock
      .mockResolvedValueOnce(new Response('', { status: 401 }))
      .mockResolvedValueOnce(granted('new'))
      .mockResolvedValueOnce(Response.json({ ok: true }))
    const response = await authorisedFetch('http://localhost/api/v1/x', { method: 'POST', body: 'hello' })
    expect(response.status).toBe(200)
    expect(sent(0).headers.get('authorization')).toBe('Bearer old')
    expect(sent(2).headers.get('authorization')).toBe('Bearer new')
    expect(await sent(2).text()).toBe('hello')
  })

  it('gives up after one repetition', async () => {
    const { authorisedFetch } = await loggedIn()
    fetchMock
      .mockResolvedValueOnce(new Response('', { status: 401 }))
      .mockResolvedValueOnce(granted('new'))
      .mockResolvedValueOnce(new Response('', { status: 401 }))
    expect((await authorisedFetch('http://localhost/api/v1/x')).status).toBe(401)
    expect(fetchMock).toHaveBeenCalledTimes(3)
  })

  it('shares one renewal among requests that are refused together', async () => {
    const { authorisedFetch } = await loggedIn()
    let renewals = 0
    fetchMock.mockImplementation((input) => {
      const url = input instanceof Request ? input.url : String(input)
      if (url.endsWith('/auth/refresh')) {
        renewals += 1
        return Promise.resolve(granted('new'))
      }
      const isNew = (input as Request).headers.get('authorization') === 'Bearer new'
      return Promise.resolve(new Response('', { status: isNew ? 204 : 401 }))
    })
    const answers = await Promise.all(
      [1, 2, 3].map((n) => authorisedFetch(`http://localhost/api/v1/${String(n)}`)),
    )
    expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204])
    expect(renewals).toBe(1)
  })

  it('turns a dead network into a problem', async () => {
    const { authorisedFetch } = await loggedIn()
    fetchMock.mockRejectedValue(new TypeError('failed to fetch'))
    await expect(authorisedFetch('http://localhost/api/v1/x')).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('leaves an aborted request an abort', async () => {
    const { authorisedFetch } = await loggedIn()
    fetchMock.mockRejectedValue(new DOMException('stop', 'AbortError'))
    await expect(authorisedFetch('http://localhost/api/v1/x')).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('ask', () => {
  it('gives the body, and throws what the server says no with', async () => {
    const { ask, client } = await loggedIn()
    fetchMock.mockResolvedValueOnce(Response.json({ id: 'usr_1' }))
    expect(await ask(client.GET('/api/v1/me'))).toEqual({ id: 'usr_1' })
    const body = {
      code: 'invalid',
      detail: 'Bad.',
      errors: [{ field: 'name', message: 'Too long', code: 'x' }],
    }
    fetchMock.mockResolvedValueOnce(Response.json(body, { status: 422 }))
    const error: unknown = await ask(client.GET('/api/v1/me')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 422, code: 'invalid', message: 'Bad.' })
    expect((error as Problem).byField()).toEqual({ name: 'Too long' })
  })

  it('repeats a filter that has several values', async () => {
    const { ask, client } = await loggedIn()
    fetchMock.mockResolvedValueOnce(Response.json({ items: [] }))
    await ask(client.GET('/api/v1/runs', { params: { query: { state: ['failed', 'lost'] } } }))
    expect(new URL(sent(0).url).search).toBe('?state=failed&state=lost')
  })
})

it.each([
  [502, 'gateway_trouble'],
  [504, 'gateway_trouble'],
  [500, 'http_500'],
  [0, 'unreachable'],
])('tells what an answer of %i without words is: %s', (status, code) => {
  expect(new Problem(status).code).toBe(code)
})
