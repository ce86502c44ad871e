import { accessToken, renew } from '@/api/session'
import { Problem } from '@/api/problem'
import { tellWaiting } from '@/api/waiting'
import type { RunState } from '@/api/types'

export interface Submitted {
  id: string
  state: RunState
}

export interface Submission {
  /** `/api/v1/runs` or `/api/v1/scripts/{id}/runs`. */
  path: string
  payload: object
  files?: readonly File[]
  /** Bytes sent of bytes to send, as the upload goes on. */
  progress?: (sent: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Submit a run, with files as multipart. Sent by XMLHttpRequest, since fetch does not say how far an upload is. The
 * idempotency key lets a submit that was answered 401 be repeated without running twice.
 */
export async function submitRun(submission: Submission): Promise<Submitted> {
  const key = crypto.randomUUID()
  if (accessToken.value === null) await renew()
  const first = await send(submission, key)
  const answer = first.status === 401 && (await renew()) ? await send(submission, key) : first
  if (answer.waits) throw tellWaiting(answer.waits)
  if (answer.status >= 200 && answer.status < 300) return answer.body as Submitted
  throw typeof answer.body === 'object' && answer.body !== null
    ? new Problem(answer.status, answer.body)
    : new Problem(answer.status)
}

interface Answer {
  status: number
  body: unknown
  /** The request for consent, where the run waits for a second person. */
  waits: string | null
}

function send(submission: Submission, key: string): Promise<Answer> {
  const { path, payload, files = [], progress, signal } = submission
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.setRequestHeader('authorization', `Bearer ${accessToken.value ?? ''}`)
    request.setRequestHeader('idempotency-key', key)
    request.setRequestHeader('x-runyard-client', 'page')
    request.upload.onprogress = (event) => progress?.(event.loaded, event.total)
    request.onload = () => {
      let body: unknown = null
      try {
        body = JSON.parse(request.responseText)
      } catch {
        // A proxy's page: the status has to do.
      }
      resolve({ status: request.status, body, waits: request.getResponseHeader('runyard-approval') })
    }
    request.onerror = () => {
      reject(new Problem(0))
    }
    request.onabort = () => {
      reject(new DOMException('aborted', 'AbortError'))
    }
    signal?.addEventListener('abort', () => {
      request.abort()
    })
    if (files.length === 0) {
      request.setRequestHeader('content-type', 'application/json')
      request.send(JSON.stringify(payload))
      return
    }
    const form = new FormData()
    form.set('payload', JSON.stringify(payload))
    for (const file of files) form.append('files', file, file.name)
    request.send(form)
  })
}
