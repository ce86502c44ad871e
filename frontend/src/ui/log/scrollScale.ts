// Browsers clip elements somewhere between 16 and 33 million pixels.
export const TALLEST = 8_000_000

/**
 * Ties the scrollbar of an element of limited height to a column of any height. Columns that fit are scrolled as they
 * are. In higher ones a small movement still moves by as many pixels, a jump goes to the same fraction.
 */
export class ScrollScale {
  /** Top of the view in the column, in pixels. */
  top = 0
  private total = 0
  private viewport = 0
  private last = 0
  private readonly tallest: number

  constructor(tallest = TALLEST) {
    this.tallest = tallest
  }

  /** Height that the scrolled element gets. */
  get height(): number {
    return Math.min(this.total, this.tallest)
  }

  get bottom(): number {
    return Math.max(0, this.total - this.viewport)
  }

  /** The column is higher than an element may be. */
  get scaled(): boolean {
    return this.total > this.tallest
  }

  /** The scrollTop that is known already: a scroll event that reports it is not the user's. */
  get at(): number {
    return this.last
  }

  private get reach(): number {
    return Math.max(0, this.height - this.viewport)
  }

  resize(total: number, viewport: number): void {
    this.total = total
    this.viewport = viewport
  }

  /** The element was scrolled to `scrollTop`: move the view, and return its top. */
  scrolled(scrollTop: number): number {
    const moved = scrollTop - this.last
    this.last = scrollTop
    if (!this.scaled) this.top = scrollTop
    else if (scrollTop <= 0 && Math.abs(moved) > this.viewport) this.top = 0
    else if (Math.abs(moved) <= this.viewport) this.top += moved
    else this.top = (scrollTop / this.reach) * this.bottom
    this.top = Math.max(0, Math.min(this.bottom, this.top))
    return this.top
  }

  /** Put the view at `top`; returns the scrollTop that the element needs. Call it when scrolling rests, too. */
  place(top: number): number {
    this.top = Math.max(0, Math.min(this.bottom, top))
    this.last = !this.scaled ? this.top : this.bottom === 0 ? 0 : (this.top / this.bottom) * this.reach
    return this.last
  }

  /** Where in the element the column's pixel `y` has to be drawn. */
  placeOf(y: number): number {
    return this.scaled ? this.last + y - this.top : y
  }

  /** The browser rounded or clipped what `place` asked for. */
  settled(scrollTop: number): void {
    this.last = scrollTop
  }
}
