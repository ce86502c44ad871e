import type { LogLine } from './source'

export interface Gap {
  after: number
  limit: number
}

export interface CacheLimits {
  blockSize: number
  maxBlocks: number
  /** Characters of text kept at the most (long lines weigh more). */
  maxChars: number
}

interface Block {
  lines: (LogLine | undefined)[]
  chars: number
}

const LIMITS: CacheLimits = { blockSize: 512, maxBlocks: 48, maxChars: 12_000_000 }

/**
 * The part of a log that is at hand: blocks of lines by number, the least recently used dropped first, so that a log
 * of any length costs the same memory.
 */
export class LineCache {
  /** Bounds of the log as far as known; an empty log has `last` 0. */
  first = 1
  last = 0
  private readonly limits: CacheLimits
  // A Map keeps insertion order: the first key is the least recently used block.
  private readonly blocks = new Map<number, Block>()
  private chars = 0

  constructor(limits: Partial<CacheLimits> = {}) {
    this.limits = { ...LIMITS, ...limits }
  }

  get size(): number {
    return this.blocks.size
  }

  /** Widen (never narrow at the end) what the log is known to hold. */
  bound(first: number, last: number): void {
    if (first > 0) this.first = first
    this.last = Math.max(this.last, last)
  }

  get(n: number): LogLine | undefined {
    return this.blocks.get(this.blockOf(n))?.lines[this.slotOf(n)]
  }

  put(lines: readonly LogLine[]): void {
    for (const line of lines) {
      const index = this.blockOf(line.n)
      let block = this.blocks.get(index)
      if (!block) {
        block = { lines: new Array<LogLine | undefined>(this.limits.blockSize), chars: 0 }
        this.blocks.set(index, block)
      }
      const slot = this.slotOf(line.n)
      if (block.lines[slot]) continue
      block.lines[slot] = line
      block.chars += line.text.length
      this.chars += line.text.length
      if (line.n > this.last) this.last = line.n
    }
    const newest = lines.at(-1)
    if (newest) this.touch(newest.n, newest.n)
    this.evict()
  }

  /** Fill what the server did not return although asked for, so that it is not asked for again. */
  settle(gap: Gap, lines: readonly LogLine[]): void {
    this.put(lines)
    const end = Math.min(gap.after + gap.limit, lines.at(-1)?.n ?? 0)
    const blanks: LogLine[] = []
    for (let n = gap.after + 1; n < end; n++) {
      if (!this.get(n)) blanks.push({ n, t: '', stream: 'system', text: '' })
    }
    this.put(blanks)
  }

  /** What must be fetched to show lines `from`–`to`; whole blocks, so that scrolling on finds them there. */
  missing(from: number, to: number): Gap[] {
    const gaps: Gap[] = []
    const start = Math.max(this.first, from)
    const end = Math.min(this.last, to)
    for (let index = this.blockOf(start); index <= this.blockOf(end) && start <= end; index++) {
      const low = Math.max(this.first, index * this.limits.blockSize + 1)
      const high = Math.min(this.last, (index + 1) * this.limits.blockSize)
      let head = low
      while (head <= high && this.get(head)) head++
      let tail = high
      while (tail > head && this.get(tail)) tail--
      // A hole outside of what is shown can wait.
      if (head <= high && head <= end && tail >= start) gaps.push({ after: head - 1, limit: tail - head + 1 })
    }
    return gaps
  }

  /** Say that lines `from`–`to` are being looked at: their blocks are dropped last. */
  touch(from: number, to: number): void {
    for (let index = this.blockOf(from); index <= this.blockOf(to); index++) {
      const block = this.blocks.get(index)
      if (!block) continue
      this.blocks.delete(index)
      this.blocks.set(index, block)
    }
  }

  clear(): void {
    this.blocks.clear()
    this.chars = 0
    this.first = 1
    this.last = 0
  }

  private evict(): void {
    for (const [index, block] of this.blocks) {
      const fits = this.blocks.size <= this.limits.maxBlocks && this.chars <= this.limits.maxChars
      if (fits || this.blocks.size <= 2) return
      this.blocks.delete(index)
      this.chars -= block.chars
    }
  }

  private blockOf(n: number): number {
    return Math.floor((n - 1) / this.limits.blockSize)
  }

  private slotOf(n: number): number {
    return (n - 1) % this.limits.blockSize
  }
}
