import { beforeEach, expect, it, vi } from 'vitest'
import type { Language } from '@/api/types'
import { createConnection } from './connection'
import { noHelp } from './state'

class FakeSocket {
  static made: FakeSocket[] = []
  static readonly OPEN = 1
  readyState = 1
  sent: string[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  readonly url: string
  constructor(url: string) {
    this.url = url
    FakeSocket.made.push(this)
  }
  send(text: string): void {
    this.sent.push(text)
  }
  close = vi.fn()
  end(code: number, reason = ''): void {
    this.onclose?.({ code, reason })
  }
}

const disconnect = vi.fn()
vi.mock('./languageServer', () => ({ serverHelp: () => ({ extension: 'help', disconnect }) }))

const READY = {
  type: 'ready',
  document: 'file:///script/main.py',
  server: 'ty',
  version: '1.2',
  environment: 'env_1',
}

function connect(language: Language = 'python') {
  const told = noHelp()
  const help = vi.fn()
  const connection = createConnection({
    asked: () => ({ language, code: 'x = 1', requirements: ['pandas'] }),
    told,
    snippets: () => null,
    outside: () => undefined,
    help,
  })
  connection.open()
  return { told, help, connection }
}
const last = () => {
  const socket = FakeSocket.made.at(-1)
  if (!socket) throw new Error('no socket was opened')
  return socket
}
async function greet(): Promise<void> {
  last().onopen?.()
  last().onmessage?.({ data: JSON.stringify(READY) })
  await vi.dynamicImportSettled()
}

beforeEach(() => {
  FakeSocket.made = []
  disconnect.mockClear()
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.useFakeTimers()
})

it('says who asks and about what, and puts the help in once the server listens', async () => {
  const { told, help } = connect()
  expect(told.server).toBe('connecting')
  await greet()
  expect(last().url).toMatch(/^ws:\/\/.*\/api\/v1\/editor\/language$/)
  expect(JSON.parse(last().sent[0] ?? '')).toEqual({
    token: '',
    language: 'python',
    code: 'x = 1',
    requirements: ['pandas'],
  })
  expect(help).toHaveBeenLastCalledWith('help')
  expect(told).toMatchObject({ server: 'ready', serverWords: 'ty 1.2', environment: 'env_1' })
})

it('asks nobody about a language that has no server', () => {
  expect(connect('shell').told.server).toBe('none')
  expect(FakeSocket.made).toEqual([])
})

it.each([
  [4408, 'asleep', true],
  [4429, 'busy', true],
  [4503, 'missing', false],
  [4403, 'none', false],
])('after %i it is %s', async (code, state, wakes) => {
  const { told, help, connection } = connect()
  await greet()
  last().end(code, 'because')
  expect([told.server, told.serverWords]).toEqual([state, 'because'])
  expect(help).toHaveBeenLastCalledWith([])
  expect(disconnect).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(120_000)
  expect(FakeSocket.made).toHaveLength(1)
  connection.wake()
  expect(FakeSocket.made).toHaveLength(wakes ? 2 : 1)
})

it('comes back by itself when the way was lost, and not after it was closed', async () => {
  const { told, connection } = connect()
  await greet()
  last().end(1006)
  expect(told.server).toBe('away')
  await vi.advanceTimersByTimeAsync(2000)
  expect(FakeSocket.made).toHaveLength(2)
  connection.close()
  expect(last().close).toHaveBeenCalledOnce()
  last().end(1000)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(FakeSocket.made).toHaveLength(2)
})

it('takes no help from a server that was given up meanwhile', async () => {
  const { help, connection } = connect()
  const first = last()
  first.onopen?.()
  first.onmessage?.({ data: JSON.stringify(READY) })
  connection.open()
  await vi.dynamicImportSettled()
  expect(help).not.toHaveBeenCalledWith('help')
})
