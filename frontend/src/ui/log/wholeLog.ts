import { type Gap, LineCache } from './lineCache'
import type { LogLine, LogSource } from './source'

/** Rows of a log as the viewer sees them: all lines, or those of one stream. */
export interface LogRows {
  readonly count: number
  /** More rows are being looked for at an end. */
  readonly looking: boolean
  line: (row: number) => LogLine | undefined
  numberAt: (row: number) => number
  /** The row of line `n`, or the one nearest to it. */
  rowOf: (n: number) => number
  /** Rows `start`–`end` (exclusive) are on screen: fetch what is not there. */
  show: (start: number, end: number) => void
}

export interface LogHooks {
  changed: () => void
  failed: (error: unknown) => void
}

const TAIL = 500
const AT_ONCE = 3

interface Flight {
  gap: Gap
  abort: AbortController
}

/** Every line of a log by number; a window of them in memory, the rest fetched when it is looked at. */
export class WholeLog implements LogRows {
  readonly cache: LineCache
  readonly looking = false
  opened = false
  private wanted = { from: 1, to: 0 }
  private flights: Flight[] = []
  private closed = false
  private readonly source: LogSource
  private readonly hooks: LogHooks

  constructor(source: LogSource, hooks: LogHooks, cache = new LineCache()) {
    this.source = source
    this.hooks = hooks
    this.cache = cache
  }

  get count(): number {
    return this.cache.last === 0 ? 0 : this.cache.last - this.cache.first + 1
  }

  /** Fetch the end of the log, and with it its bounds. */
  async open(): Promise<void> {
    const page = await this.source.page({ tail: TAIL })
    if (this.closed) return
    this.cache.bound(page.first, page.last)
    this.cache.put(page.items)
    this.opened = true
    this.hooks.changed()
  }

  append(lines: readonly LogLine[]): void {
    this.cache.put(lines)
    this.hooks.changed()
  }

  line(row: number): LogLine | undefined {
    return this.cache.get(this.numberAt(row))
  }

  numberAt(row: number): number {
    return this.cache.first + row
  }

  rowOf(n: number): number {
    return Math.max(0, Math.min(this.count - 1, n - this.cache.first))
  }

  show(start: number, end: number): void {
    if (!this.opened || end <= start) return
    this.wanted = { from: this.numberAt(start), to: this.numberAt(end - 1) }
    this.cache.touch(this.wanted.from, this.wanted.to)
    this.pump()
  }

  close(): void {
    this.closed = true
    for (const flight of this.flights) flight.abort.abort()
    this.flights = []
  }

  /** Start what is missing; what scrolled out of sight meanwhile is given up. */
  private pump(): void {
    if (this.closed) return
    const { from, to } = this.wanted
    for (const { gap, abort } of this.flights) {
      if (gap.after >= to || gap.after + gap.limit < from) abort.abort()
    }
    this.flights = this.flights.filter((flight) => !flight.abort.signal.aborted)
    for (const gap of this.cache.missing(from, to)) {
      const flying = this.flights.some((flight) => flight.gap.after === gap.after)
      if (!flying && this.flights.length < AT_ONCE) void this.fetch(gap)
    }
  }

  private async fetch(gap: Gap): Promise<void> {
    const flight = { gap, abort: new AbortController() }
    this.flights.push(flight)
    try {
      const page = await this.source.page(gap, flight.abort.signal)
      this.flights = this.flights.filter((one) => one !== flight)
      if (this.closed || flight.abort.signal.aborted) return
      this.cache.bound(page.first, page.last)
      this.cache.settle(gap, page.items)
      this.hooks.changed()
      // An empty answer would be asked for again at once.
      if (page.items.length > 0) this.pump()
    } catch (error) {
      this.flights = this.flights.filter((one) => one !== flight)
      if (!this.closed && !flight.abort.signal.aborted) this.hooks.failed(error)
    }
  }
}
