const BLOCK = 512

/**
 * Where rows lie in a column of rows that are mostly `base` pixels high. Only rows measured to be higher are
 * remembered (by block), so that a million rows cost what was looked at.
 */
export class RowHeights {
  count = 0
  private base: number
  private readonly blocks = new Map<number, Uint16Array>()
  // Sum of the extra height of the blocks before each touched block, rebuilt on demand.
  private touched: number[] = []
  private before: number[] = []
  private sums = new Map<number, number>()
  private stale = false

  constructor(base: number) {
    this.base = base
  }

  get total(): number {
    return this.top(this.count)
  }

  /** Forget all measurements, as after a change of width or font. */
  reset(base = this.base): void {
    this.base = base
    this.blocks.clear()
    this.sums.clear()
    this.stale = true
  }

  height(row: number): number {
    return this.base + (this.blocks.get(Math.floor(row / BLOCK))?.[row % BLOCK] ?? 0)
  }

  /** Record a measured height; true when it changed. */
  set(row: number, height: number): boolean {
    const extra = Math.max(0, Math.min(65_535, Math.round(height - this.base)))
    const index = Math.floor(row / BLOCK)
    let block = this.blocks.get(index)
    const old = block?.[row % BLOCK] ?? 0
    if (old === extra) return false
    if (!block) {
      block = new Uint16Array(BLOCK)
      this.blocks.set(index, block)
    }
    block[row % BLOCK] = extra
    this.sums.set(index, (this.sums.get(index) ?? 0) + extra - old)
    this.stale = true
    return true
  }

  /** Pixels above `row`. */
  top(row: number): number {
    const index = Math.floor(row / BLOCK)
    let extra = this.extraBefore(index)
    const block = this.blocks.get(index)
    if (block) for (let i = 0; i < row % BLOCK; i++) extra += block[i] ?? 0
    return row * this.base + extra
  }

  /** The row that covers pixel `y`, within the rows there are. */
  rowAt(y: number): number {
    let low = 0
    let high = Math.max(0, this.count - 1)
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.top(middle) <= y) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Rows that touch `viewport` pixels from `y` on, and `overscan` more on both sides; `end` is exclusive. */
  range(y: number, viewport: number, overscan: number): { start: number; end: number } {
    if (this.count === 0) return { start: 0, end: 0 }
    const start = Math.max(0, this.rowAt(y) - overscan)
    const end = Math.min(this.count, this.rowAt(y + viewport) + 1 + overscan)
    return { start, end }
  }

  private extraBefore(index: number): number {
    if (this.sums.size === 0) return 0
    if (this.stale) {
      this.touched = [...this.sums.keys()].sort((a, b) => a - b)
      let sum = 0
      this.before = this.touched.map((key) => {
        const here = sum
        sum += this.sums.get(key) ?? 0
        return here
      })
      this.stale = false
    }
    // The last touched block before `index`.
    let low = 0
    let high = this.touched.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.touched[middle] ?? 0) < index) low = middle + 1
      else high = middle
    }
    if (low === 0) return 0
    return (this.before[low - 1] ?? 0) + (this.sums.get(this.touched[low - 1] ?? 0) ?? 0)
  }
}
