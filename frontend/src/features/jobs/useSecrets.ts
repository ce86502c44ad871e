import { ref, shallowRef } from 'vue'
import { toastProblem } from '@/ui/toast/toasts'
import { rotateSecret } from './api'
import type { SavedJob, Trigger } from './types'

/** A secret that was just made, with how a call that carries it looks. */
export interface Told {
  url: string
  auth: 'hmac' | 'token'
  secret: string
}

/** Where a webhook is called, as seen from here. */
export const addressOf = (trigger: { id: string; url?: string | null }): string =>
  new URL(trigger.url ?? `/api/v1/hooks/${trigger.id}`, globalThis.location.origin).href

/** The secrets that a save has made. */
export function toldOf(job: SavedJob): Told[] {
  return job.triggers.flatMap((trigger) => {
    const secret = job.secrets?.[trigger.id]
    return secret && trigger.type === 'webhook'
      ? [{ url: addressOf(trigger), auth: trigger.auth, secret }]
      : []
  })
}

/** A call of a webhook, ready to be pasted into a shell. */
export function curlOf({ url, auth, secret }: Told): string {
  const type = "-H 'Content-Type: application/json'"
  if (auth === 'token')
    return [
      `curl -X POST '${url}' \\`,
      `  -H 'Authorization: Bearer ${secret}' \\`,
      `  ${type} -d '{}'`,
    ].join('\n')
  return [
    `body='{}'; at=$(date +%s)`,
    `sig=$(printf '%s.%s' "$at" "$body" | openssl dgst -sha256 -hmac '${secret}' | sed 's/^.* //')`,
    `curl -X POST '${url}' \\`,
    `  -H "X-Runyard-Timestamp: $at" -H "X-Runyard-Signature: sha256=$sig" \\`,
    `  ${type} -d "$body"`,
  ].join('\n')
}

/** Secrets that are shown this once, and making new ones. */
export function useSecrets() {
  const secrets = shallowRef<readonly Told[]>([])
  const busy = ref(false)

  async function rotate(trigger: Trigger): Promise<boolean> {
    if (trigger.type !== 'webhook') return false
    busy.value = true
    try {
      const secret = await rotateSecret(trigger.id)
      secrets.value = [{ url: addressOf(trigger), auth: trigger.auth, secret }]
      return true
    } catch (error) {
      toastProblem(error)
      return false
    } finally {
      busy.value = false
    }
  }
  return { secrets, busy, rotate, forget: () => (secrets.value = []) }
}
