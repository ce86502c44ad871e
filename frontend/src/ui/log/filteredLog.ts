import type { LogLine, LogPage, LogSource, LogStream } from './source'
import type { LogHooks, LogRows } from './wholeLog'

const PAGE = 500
const MOST = 20_000
/** Lines looked through by one request, and how many requests one growth may take before it shows what it has. */
const LIMIT = 5000
const REQUESTS = 20
/** How near to an end of the list the view may come before more is fetched. */
const NEAR = 200

/**
 * The lines of one stream. Their places are not known beforehand, so this is a stretch of them that grows at both
 * ends as it is scrolled, and is cut at the far end when it gets long.
 */
export class FilteredLog implements LogRows {
  private items: LogLine[] = []
  private atStart = false
  private atEnd = true
  /** The stretch holds every line of the stream with `low` < n ≤ `high`. */
  private low = 0
  private high = 0
  looking = false
  /** A request failed: not asked again by itself. */
  private broken = false
  private step = PAGE
  /** The source sifts by itself, so that a wide step costs it little. */
  private sifts = true
  private readonly abort = new AbortController()
  private readonly source: LogSource
  private readonly stream: LogStream
  private readonly hooks: LogHooks

  constructor(source: LogSource, stream: LogStream, hooks: LogHooks) {
    this.source = source
    this.stream = stream
    this.hooks = hooks
  }

  get count(): number {
    return this.items.length
  }

  /** Start at the end of the log. */
  async open(last: number): Promise<void> {
    this.low = last
    this.high = last
    this.atStart = last === 0
    await this.grow(() => this.earlier())
  }

  append(lines: readonly LogLine[]): void {
    if (!this.atEnd) return
    if ((lines[0]?.n ?? 0) > this.high + 1) {
      // Lines were left out: they are fetched when the end is looked at.
      this.atEnd = false
      this.hooks.changed()
      return
    }
    const fresh = lines.filter((line) => line.stream === this.stream && line.n > this.high)
    this.high = Math.max(this.high, lines.at(-1)?.n ?? 0)
    if (fresh.length === 0) return
    this.items.push(...fresh)
    this.cut('start')
    this.hooks.changed()
  }

  line(row: number): LogLine | undefined {
    return this.items[row]
  }

  numberAt(row: number): number {
    return this.items[row]?.n ?? 0
  }

  rowOf(n: number): number {
    let low = 0
    let high = this.items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.numberAt(middle) < n) low = middle + 1
      else high = middle
    }
    return Math.min(low, Math.max(0, this.items.length - 1))
  }

  show(start: number, end: number): void {
    if (this.looking || this.broken || this.abort.signal.aborted) return
    if (start < NEAR && !this.atStart) void this.grow(() => this.earlier())
    else if (end > this.items.length - NEAR && !this.atEnd) void this.grow(() => this.later())
  }

  close(): void {
    this.abort.abort()
  }

  private async grow(fetch: () => Promise<void>): Promise<void> {
    this.looking = true
    try {
      await fetch()
    } catch (error) {
      this.broken = true
      if (!this.abort.signal.aborted) this.hooks.failed(error)
    } finally {
      this.looking = false
      this.hooks.changed()
    }
  }

  /** Look through the lines before the stretch, in steps that widen while little is found, until a page came together. */
  private async earlier(): Promise<void> {
    const found: LogLine[] = []
    for (let tries = 0; !this.atStart && found.length < PAGE && tries < REQUESTS; tries++) {
      const from = Math.max(0, this.low - this.step)
      const part = await this.between(from, this.low)
      found.unshift(...part)
      this.low = from
      this.atStart = from === 0
      this.step =
        part.length * 4 < PAGE
          ? Math.min(this.sifts ? Infinity : LIMIT * 4, this.step * 4)
          : Math.max(PAGE, Math.floor(this.step / 2))
    }
    this.items.unshift(...found)
    this.cut('end')
    this.hooks.changed()
  }

  private async later(): Promise<void> {
    const page = await this.page(this.high)
    this.items.push(...page.items.filter((line) => line.n > this.high))
    this.high = page.next ?? Math.max(page.last, this.high)
    this.atEnd = page.next === null
    this.cut('start')
    this.hooks.changed()
  }

  /** All lines of the stream with `from` < n ≤ `to`. */
  private async between(from: number, to: number): Promise<LogLine[]> {
    const found: LogLine[] = []
    for (let after: number | null = from; after !== null && after < to;) {
      const page: LogPage = await this.page(after)
      found.push(...page.items.filter((line) => line.n <= to))
      const last: number = page.items.at(-1)?.n ?? 0
      after = last > to || page.next === null || page.next <= after ? null : page.next
    }
    return found
  }

  private async page(after: number): Promise<LogPage> {
    const page = await this.source.page({ after, limit: LIMIT, stream: this.stream }, this.abort.signal)
    const items = page.items.filter((line) => line.stream === this.stream)
    if (items.length < page.items.length) this.sifts = false
    return { ...page, items }
  }

  private cut(end: 'start' | 'end'): void {
    const surplus = this.items.length - MOST
    if (surplus <= 0) return
    if (end === 'start') {
      this.items.splice(0, surplus)
      this.low = (this.items[0]?.n ?? 1) - 1
      this.atStart = false
    } else {
      this.items.splice(MOST, surplus)
      this.high = this.items.at(-1)?.n ?? 0
      this.atEnd = false
    }
  }
}
