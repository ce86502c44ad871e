/** What the viewer needs to know of a log; features make these out of the API. */
export type LogStream = 'stdout' | 'stderr' | 'system'

/** `n` counts from 1 without gaps; `t` is RFC 3339 UTC. */
export interface LogLine {
  n: number
  t: string
  stream: LogStream
  text: string
}

/** Lines in order. `first`/`last` bound what the log holds by now (0 when it is empty), whatever was asked for. */
export interface LogPage {
  items: LogLine[]
  /** Ask on with `after` = this; null when the end of what exists by now was reached. */
  next: number | null
  first: number
  last: number
}

/** The lines after number `after` (default: from the start), or the last `tail` ones. */
export interface PageQuery {
  after?: number
  tail?: number
  limit?: number
  stream?: LogStream
}

export interface SearchPage {
  items: { n: number }[]
  /** Go on with `after` = this; null when the whole log was looked through. */
  next: number | null
  /** The last line that was looked at, and how many there are. */
  scanned: number
  total: number
}

/** Where the live lines stand: `open` lines arrive, `waiting` a lost connection is being made anew, `ended` no more. */
export type LiveStatus = 'off' | 'connecting' | 'open' | 'waiting' | 'ended'

export interface LiveListener {
  /** Lines in order. Some may be left out when more come than anybody reads: they can be asked for. */
  lines: (lines: LogLine[]) => void
  status: (status: LiveStatus) => void
}

export interface LogSource {
  page: (query: PageQuery, signal?: AbortSignal) => Promise<LogPage>
  /** Look for `q`, ignoring case. Without it the viewer reads the pages itself. */
  search?: (q: string, after: number, limit: number, signal?: AbortSignal) => Promise<SearchPage>
  /** Stream the lines after `after` until the log ends or the signal aborts. */
  live?: (after: number, listener: LiveListener, signal: AbortSignal) => Promise<void>
  /** Save the whole log as a text file. */
  download?: () => Promise<void>
}
