/** One field of a 422 answer. `field` is a dotted path as the server names it, e.g. `parameters.0.key`. */
export interface FieldProblem {
  field: string
  message: string
  code: string
}

interface ProblemBody {
  title?: string
  detail?: string
  code?: string
  errors?: FieldProblem[]
  request_id?: string
}

/** The code of an answer without one: a proxy's, for the server always says why. */
function codeOf(status: number): string {
  if (status === 0) return 'unreachable'
  return status >= 502 && status <= 504 ? 'gateway_trouble' : `http_${String(status)}`
}

/**
 * An answer of the server that says no (RFC 9457), or no answer at all (`status` 0, code `unreachable`).
 * `code` is stable and is what pages translate; `message` is the server's own English sentence.
 */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly errors: readonly FieldProblem[]
  readonly requestId: string | undefined
  /** Seconds the server asks to wait, from `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: ProblemBody = {}, retryAfter?: number) {
    super(body.detail ?? body.title ?? `HTTP ${String(status)}`)
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? codeOf(status)
    this.errors = body.errors ?? []
    this.requestId = body.request_id
    this.retryAfter = retryAfter
  }

  /** The messages by field, first one wins. */
  byField(): Record<string, string> {
    const fields: Record<string, string> = {}
    for (const { field, message } of this.errors) fields[field] ??= message
    return fields
  }
}

/** Read a refused response into a Problem, whatever its body is. */
export async function problemOf(response: Response): Promise<Problem> {
  const header = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isFinite(header) ? header : undefined
  try {
    const body: unknown = await response.json()
    if (typeof body === 'object' && body !== null) return new Problem(response.status, body, retryAfter)
  } catch {
    // A proxy's HTML page, or nothing: the status has to do.
  }
  return new Problem(response.status, {}, retryAfter)
}

/** True for failures that a later identical request may not meet: no connection, gateway trouble, restarts. */
export function isPassing(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 502)
}
