import { readonly, ref } from 'vue'
import { accessToken, onRenewed, renew } from './session'
import type { EnvironmentState, RunNews, RunProgress, UsagePoint } from './types'

export interface LiveMessages {
  run: { type: 'run'; run: RunNews }
  progress: { type: 'progress'; run: { id: string; project: string; progress: RunProgress } }
  usage: { type: 'usage'; run: { id: string; attempt: number; point: UsagePoint } }
  environment: { type: 'environment'; environment: { id: string; state: EnvironmentState } }
  script: { type: 'script'; script: { id: string; project: string; version: number } }
  approval: { type: 'approval'; approval: { id: string; state: string } }
  /** Without an id it concerns all jobs of the project. */
  job: { type: 'job'; job: { id: string | null; project: string; change: string } }
  /** What was due of some jobs has been decided; of many at once none is named. */
  slot: { type: 'slot'; slot: { jobs: string[]; project: string; at: string } }
  /** News were lost, by the server's word or because the socket was away: whatever is cached may be stale. */
  missed: { type: 'missed' }
}
export type LiveKind = keyof LiveMessages
export type LiveState = 'off' | 'connecting' | 'live'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
const NOT_SIGNED_IN = 4401

/** Wait before try number `tries` (from 0): doubling with full jitter, so that a restarted server is not stormed. */
export function backoff(tries: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries)
  return ceiling / 2 + (random() * ceiling) / 2
}

type Listener<K extends LiveKind> = (message: LiveMessages[K]) => void

const state = ref<LiveState>('off')
const listeners = new Map<LiveKind, Set<Listener<never>>>()
let socket: WebSocket | null = null
let wanted = false
let tries = 0
let greeted = 0
let retry: ReturnType<typeof setTimeout> | undefined

/** `live` once the server has greeted; pages show it as the connection dot. */
export const liveState = readonly(state)

/** Listen to one kind of message. Returns the function that stops it. */
export function onLive<K extends LiveKind>(kind: K, listener: Listener<K>): () => void {
  const set = listeners.get(kind) ?? new Set()
  listeners.set(kind, set)
  set.add(listener as Listener<never>)
  return () => set.delete(listener as Listener<never>)
}

function emit<K extends LiveKind>(kind: K, message: LiveMessages[K]): void {
  for (const listener of listeners.get(kind) ?? []) (listener as Listener<K>)(message)
}

function receive(data: string): void {
  const message = JSON.parse(data) as { type: string }
  if (message.type === 'hello') {
    state.value = 'live'
    tries = 0
    if (greeted++ > 0) emit('missed', { type: 'missed' })
  } else {
    emit(message.type as LiveKind, message as never)
  }
}

function open(): void {
  clearTimeout(retry)
  const token = accessToken.value
  if (!wanted || !token) return
  state.value = 'connecting'
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const mine = new WebSocket(`${scheme}://${location.host}/api/v1/live`)
  socket = mine
  mine.onopen = () => {
    mine.send(JSON.stringify({ token: accessToken.value }))
  }
  mine.onmessage = (event: MessageEvent<string>) => {
    receive(event.data)
  }
  mine.onclose = (event) => {
    if (socket !== mine) return
    socket = null
    if (!wanted) return
    state.value = 'connecting'
    // A refused token: a fresh one opens again through `onRenewed`, a session that is over ends the page's too.
    if (event.code === NOT_SIGNED_IN && tries === 0) void renew().catch(() => undefined)
    retry = setTimeout(open, backoff(tries++))
  }
}

/** Connect, and stay connected until `stopLive`. Safe to call twice. */
export function startLive(): void {
  if (wanted) return
  wanted = true
  tries = 0
  open()
}

export function stopLive(): void {
  wanted = false
  greeted = 0
  clearTimeout(retry)
  state.value = 'off'
  socket?.close()
  socket = null
}

onRenewed((token) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ token }))
  else if (wanted && !socket) open()
})

// A laptop that wakes up or a network that returns should not sit out the rest of a long wait.
globalThis.addEventListener('online', () => {
  if (wanted && !socket) open()
})
