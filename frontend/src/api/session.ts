import { readonly, ref } from 'vue'
import { Problem, problemOf } from './problem'

/**
 * The access token lives in memory only; what survives a reload is the HttpOnly refresh cookie, which this module
 * trades for a new access token. Concurrent callers share one trade (the server rotates the cookie each time).
 */
interface Granted {
  access_token: string
  expires_in: number
  /** The token is good for setting a second factor up, and for nothing else until that is done. */
  second_factor_required?: boolean
}

const RENEW_BEFORE_S = 30
/**
 * Set while this browser has a refresh cookie (which scripts can't see), so that nobody asks without one. It says how
 * the session began, since one that began at a provider ends there too.
 */
const HINT = 'runyard.session'
type Way = '1' | 'oidc'

const token = ref<string | null>(null)
let renewing: Promise<boolean> | null = null
let renewal: ReturnType<typeof setTimeout> | undefined
const renewedListeners = new Set<(token: string) => void>()
const endedListeners = new Set<() => void>()

const owes = ref(false)

export const accessToken = readonly(token)
/** Whether whoever is logged in has to set a second factor up first. */
export const owesSecondFactor = readonly(owes)

/** The second factor is on: the token that there is is good for all it says from now on. */
export function secondFactorSet(): void {
  owes.value = false
}

function remember(way: Way | null): void {
  try {
    if (way) localStorage.setItem(HINT, way)
    else localStorage.removeItem(HINT)
  } catch {
    // Storage can be forbidden; a reload then asks for the password again.
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(HINT)
  } catch {
    return null
  }
}

function adopt(granted: Granted): void {
  remember(remembered() === 'oidc' ? 'oidc' : '1')
  owes.value = granted.second_factor_required === true
  token.value = granted.access_token
  clearTimeout(renewal)
  const wait = Math.max(5, granted.expires_in - RENEW_BEFORE_S)
  renewal = setTimeout(() => void renew(), wait * 1000)
  for (const listener of renewedListeners) listener(granted.access_token)
}

/** Forget the token and tell everybody; the cookie is the server's to drop. */
export function endSession(): void {
  const had = token.value !== null
  remember(null)
  token.value = null
  owes.value = false
  clearTimeout(renewal)
  if (had) for (const listener of endedListeners) listener()
}

async function post(path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      // A renewal outlives its page: a rotated cookie that never arrives would end the session at the next visit.
      keepalive: true,
      headers: { 'content-type': 'application/json', 'x-requested-with': 'runyard' },
      body: body === undefined ? null : JSON.stringify(body),
    })
  } catch {
    throw new Problem(0)
  }
}

/** Log in, or throw the server's Problem (`bad_credentials`, `second_factor_needed`, `too_many_attempts`…). */
export async function login(username: string, password: string, code?: string): Promise<void> {
  const response = await post('/api/v1/auth/login', { username, password, ...(code ? { code } : {}) })
  if (!response.ok) throw await problemOf(response)
  remember('1')
  adopt((await response.json()) as Granted)
}

/** Take up the session that a provider's sign-in has just begun; false if there is none. */
export function arrive(): Promise<boolean> {
  remember('oidc')
  return renew()
}

/** End the session here and on the server. Never throws: being logged out must not depend on the network. */
export async function logout(): Promise<void> {
  const began = remembered()
  // Whatever is refused meanwhile must not ask for the session anew.
  remember(null)
  const there = began === 'oidc' ? await leaveProvider() : undefined
  if (there === undefined) await post('/api/v1/auth/logout').catch(() => undefined)
  endSession()
  if (there) globalThis.location.assign(there)
}

/** End a session that began at a provider; where to log out there too, or null. Undefined: the server did not say. */
async function leaveProvider(): Promise<string | null | undefined> {
  const response = await post('/api/v1/auth/oidc/logout').catch(() => undefined)
  if (!response?.ok) return undefined
  const { url } = (await response.json()) as { url: string | null }
  return url !== null && /^https?:/.test(url) ? url : null
}

/**
 * Trade the refresh cookie for a new access token. False = nobody is logged in (the session is then ended);
 * throws a Problem when the server can't be asked, because that says nothing about the session.
 */
export function renew(): Promise<boolean> {
  renewing ??= trade().finally(() => (renewing = null))
  return renewing
}

async function trade(): Promise<boolean> {
  if (remembered() === null) {
    endSession()
    return false
  }
  const response = await post('/api/v1/auth/refresh')
  if (response.ok) {
    adopt((await response.json()) as Granted)
    return true
  }
  if (response.status >= 500 || response.status === 429) throw await problemOf(response)
  endSession()
  return false
}

export function onRenewed(listener: (token: string) => void): () => void {
  renewedListeners.add(listener)
  return () => renewedListeners.delete(listener)
}

export function onEnded(listener: () => void): () => void {
  endedListeners.add(listener)
  return () => endedListeners.delete(listener)
}
