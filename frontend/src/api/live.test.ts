import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

class FakeSocket {
  static readonly OPEN = 1
  static all: FakeSocket[] = []
  readyState = 0
  sent: string[] = []
  onopen?: () => void
  onmessage?: (event: { data: string }) => void
  onclose?: (event: { code: number }) => void
  readonly url: string
  constructor(url: string) {
    this.url = url
    FakeSocket.all.push(this)
  }
  send(text: string) {
    this.sent.push(text)
  }
  close(code = 1000) {
    this.readyState = 3
    this.onclose?.({ code })
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  hear(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}
const last = () => FakeSocket.all.at(-1) as FakeSocket
const fetchMock = vi.fn<typeof fetch>()

async function connected() {
  vi.resetModules()
  const session = await import('./session')
  const live = await import('./live')
  await session.login('u', 'p')
  live.startLive()
  return { session, live }
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  FakeSocket.all = []
  let n = 0
  fetchMock.mockImplementation(() =>
    Promise.resolve(Response.json({ access_token: `t${String(++n)}`, expires_in: 900 })),
  )
  vi.stubGlobal('fetch', fetchMock)
  vi.stubGlobal('WebSocket', FakeSocket)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the live socket', () => {
  it('says who it is first, and is live when greeted', async () => {
    const { live } = await connected()
    last().open()
    expect(last().sent).toEqual(['{"token":"t1"}'])
    expect(live.liveState.value).toBe('connecting')
    last().hear({ type: 'hello' })
    expect(live.liveState.value).toBe('live')
  })

  it('passes news to who listens for their kind, until they stop', async () => {
    const { live } = await connected()
    last().open()
    const heard = vi.fn()
    const stop = live.onLive('run', heard)
    last().hear({ type: 'run', run: { id: 'run_1' } })
    last().hear({ type: 'script', script: { id: 'scr_1' } })
    last().hear({ type: 'ping' })
    stop()
    last().hear({ type: 'run', run: { id: 'run_2' } })
    expect(heard.mock.calls).toEqual([[{ type: 'run', run: { id: 'run_1' } }]])
  })

  it('comes back after a loss, and then says that news were missed', async () => {
    const { live } = await connected()
    const missed = vi.fn()
    live.onLive('missed', missed)
    last().open()
    last().hear({ type: 'hello' })
    expect(missed).not.toHaveBeenCalled()
    last().close(1006)
    expect(live.liveState.value).toBe('connecting')
    await vi.advanceTimersByTimeAsync(600)
    expect(FakeSocket.all).toHaveLength(2)
    last().open()
    last().hear({ type: 'hello' })
    expect(missed).toHaveBeenCalledTimes(1)
  })

  it('sends a renewed token over the open socket', async () => {
    const { session } = await connected()
    last().open()
    await session.renew()
    expect(last().sent).toEqual(['{"token":"t1"}', '{"token":"t2"}'])
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('asks for a fresh token when its own was refused', async () => {
    const { session } = await connected()
    last().open()
    last().close(4401)
    await vi.advanceTimersByTimeAsync(1000)
    expect(session.accessToken.value).toBe('t2')
    last().open()
    expect(last().sent[0]).toBe('{"token":"t2"}')
  })

  it('stays away once it is stopped', async () => {
    const { live } = await connected()
    last().open()
    live.stopLive()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all).toHaveLength(1)
    expect(live.liveState.value).toBe('off')
  })

  it('waits longer and longer, within bounds, never in step', async () => {
    const { live } = await connected()
    const at = (tries: number, random: number) => live.backoff(tries, () => random)
    expect([at(0, 0), at(0, 1), at(3, 0), at(3, 1)]).toEqual([250, 500, 2000, 4000])
    expect(at(20, 1)).toBe(30_000)
  })
})
