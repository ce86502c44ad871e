import { beforeEach, describe, expect, it, vi } from 'vitest'

const granted = (token: string) => Response.json({ access_token: token, expires_in: 900 })
const fetchMock = vi.fn<typeof fetch>()

async function fresh() {
  vi.resetModules()
  return import('./session')
}

beforeEach(() => {
  localStorage.clear()
  fetchMock.mockReset()
  vi.stubGlobal('fetch', fetchMock)
})

describe('renew', () => {
  it('asks nobody when this browser never logged in', async () => {
    const session = await fresh()
    expect(await session.renew()).toBe(false)
    expect(fetchMock).not.toHaveBeenCalled()
  })

  it('makes one request for many callers', async () => {
    localStorage.setItem('runyard.session', '1')
    const session = await fresh()
    fetchMock.mockImplementation(() => Promise.resolve(granted('a')))
    expect(await Promise.all([session.renew(), session.renew(), session.renew()])).toEqual([true, true, true])
    expect(fetchMock).toHaveBeenCalledTimes(1)
    expect(session.accessToken.value).toBe('a')
    await session.renew()
    expect(fetchMock).toHaveBeenCalledTimes(2)
  })

  it('ends the session when the cookie is refused, and says so once', async () => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(granted('a'))
    await session.login('u', 'p')
    const ended = vi.fn()
    session.onEnded(ended)
    fetchMock.mockResolvedValueOnce(new Response('', { status: 401 }))
    expect(await session.renew()).toBe(false)
    expect(await session.renew()).toBe(false)
    expect(ended).toHaveBeenCalledTimes(1)
    expect(session.accessToken.value).toBeNull()
    expect(localStorage.getItem('runyard.session')).toBeNull()
  })

  it('keeps the session when the server cannot be asked', async () => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(granted('a'))
    await session.login('u', 'p')
    fetchMock.mockRejectedValueOnce(new TypeError('network'))
    await expect(session.renew()).rejects.toMatchObject({ code: 'unreachable' })
    fetchMock.mockResolvedValueOnce(new Response('', { status: 503 }))
    await expect(session.renew()).rejects.toMatchObject({ status: 503 })
    expect(session.accessToken.value).toBe('a')
  })

  it('renews by itself shortly before the token runs out', async () => {
    vi.useFakeTimers()
    const session = await fresh()
    fetchMock.mockImplementation(() => Promise.resolve(granted('a')))
    await session.login('u', 'p')
    await vi.advanceTimersByTimeAsync(869_000)
    expect(fetchMock).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(fetchMock).toHaveBeenCalledTimes(2)
    session.endSession()
    vi.useRealTimers()
  })
})

describe('login', () => {
  it('throws the server’s problem', async () => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(
      Response.json({ code: 'bad_credentials', detail: 'No.' }, { status: 401 }),
    )
    await expect(session.login('u', 'p')).rejects.toMatchObject({ code: 'bad_credentials', message: 'No.' })
    expect(session.accessToken.value).toBeNull()
  })
})

describe('logout', () => {
  it('ends the session here even when the server is away', async () => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(granted('a'))
    await session.login('u', 'p')
    fetchMock.mockRejectedValueOnce(new TypeError('network'))
    await session.logout()
    expect(session.accessToken.value).toBeNull()
  })
})

describe('a session that began at a provider', () => {
  const told = (url: string | null) => new Response(JSON.stringify({ url }), { status: 200 })

  it('is taken up by the cookie alone', async () => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(granted('a'))
    expect(await session.arrive()).toBe(true)
    expect(fetchMock.mock.calls.map(([path]) => path)).toEqual(['/api/v1/auth/refresh'])
  })

  it.each([null, 'javascript:alert(1)'])('ends here, and leads to %s no further', async (url) => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(granted('a'))
    await session.arrive()
    fetchMock.mockResolvedValueOnce(told(url))
    await session.logout()
    expect(fetchMock.mock.calls.at(-1)?.[0]).toBe('/api/v1/auth/oidc/logout')
    expect(session.accessToken.value).toBeNull()
  })

  it('ends as others do when the server does not say where to go on', async () => {
    const session = await fresh()
    fetchMock.mockResolvedValueOnce(granted('a'))
    await session.arrive()
    fetchMock.mockResolvedValueOnce(new Response(null, { status: 404 }))
    fetchMock.mockResolvedValueOnce(new Response(null, { status: 204 }))
    await session.logout()
    expect(fetchMock.mock.calls.at(-1)?.[0]).toBe('/api/v1/auth/logout')
  })
})
