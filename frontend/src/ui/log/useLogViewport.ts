import { useEventListener, useResizeObserver } from '@vueuse/core'
import { nextTick, ref, shallowReactive, watch, type Ref, type ShallowRef } from 'vue'
import { RowHeights } from './rowHeights'
import { ScrollScale } from './scrollScale'
import type { LogRows } from './wholeLog'

export const ROW_HEIGHT = 20
const OVERSCAN = 12
const REST_MS = 160
const NEAR_END = 4
const UPWARD_KEYS = new Set(['ArrowUp', 'PageUp', 'Home'])

interface Options {
  scroller: Readonly<Ref<HTMLElement | null>>
  rows: ShallowRef<LogRows | null>
  version: Ref<number>
  wrap: Ref<boolean>
}

/**
 * Which rows are on screen and where. While `follow` is on, the view stays at the end; scrolling up lets go, reaching
 * the end takes hold again. Otherwise the line at the top keeps its place whatever is added or measured.
 */
export function useLogViewport({ scroller, rows, version, wrap }: Options) {
  const heights = new RowHeights(ROW_HEIGHT)
  const scale = new ScrollScale()
  const view = shallowReactive({ start: 0, end: 0, shift: 0, height: 0, overflows: false })
  const follow = ref(true)
  const anchor = { n: 1, dy: 0 }
  let viewport = 0
  let width = 0
  let rest: ReturnType<typeof setTimeout> | undefined

  function layout(): void {
    const log = rows.value
    if (!log) return
    const { start, end } = heights.range(scale.top, viewport, OVERSCAN)
    view.start = start
    view.end = end
    view.shift = scale.placeOf(heights.top(start))
    view.height = scale.height
    view.overflows = scale.bottom > 0
    log.show(start, end)
  }

  function hold(): void {
    const log = rows.value
    if (!log) return
    const row = heights.rowAt(scale.top)
    anchor.n = log.numberAt(row)
    anchor.dy = scale.top - heights.top(row)
  }

  /** Put the view at `top`; the element follows once it has its new height. */
  function move(top: number): void {
    const y = scale.place(top)
    layout()
    void nextTick(() => {
      const element = scroller.value
      if (!element) return
      element.scrollTop = y
      scale.settled(element.scrollTop)
    })
  }

  function reflow(): void {
    const log = rows.value
    if (!log) return
    heights.count = log.count
    scale.resize(heights.total, viewport)
    if (follow.value) move(scale.bottom)
    else move(heights.top(log.rowOf(anchor.n)) + anchor.dy)
  }

  function scrolled(): void {
    const element = scroller.value
    if (!element || Math.abs(element.scrollTop - scale.at) < 1) return
    const before = scale.top
    scale.scrolled(element.scrollTop)
    if (scale.top >= scale.bottom - NEAR_END) follow.value = true
    else if (scale.top < before) follow.value = false
    hold()
    layout()
    clearTimeout(rest)
    // A scaled scrollbar drifts from its place by small movements; set it right when nobody holds it.
    if (scale.scaled) rest = setTimeout(() => move(scale.top), REST_MS)
  }

  /** Rows were drawn: learn their heights. */
  function measure(): void {
    if (!wrap.value) return
    let changed = false
    for (const element of scroller.value?.querySelectorAll<HTMLElement>('[data-row]') ?? []) {
      changed = heights.set(Number(element.dataset.row), element.offsetHeight) || changed
    }
    if (changed) reflow()
  }

  function letGo(): void {
    if (!follow.value || scale.bottom === 0) return
    follow.value = false
    hold()
  }

  /** Bring line `n` to a third of the view. */
  function reveal(n: number): void {
    const log = rows.value
    if (!log || log.count === 0) return
    const row = log.rowOf(n)
    const y = heights.top(row)
    const isInView = y >= scale.top && y + heights.height(row) <= scale.top + viewport
    follow.value = false
    anchor.n = log.numberAt(row)
    anchor.dy = isInView ? scale.top - y : -Math.round(viewport / 3)
    reflow()
  }

  function toEnd(): void {
    follow.value = true
    reflow()
  }

  /** The first line that is fully in view. */
  function topLine(): number {
    return rows.value?.numberAt(heights.rowAt(scale.top + ROW_HEIGHT - 1)) ?? 1
  }

  useResizeObserver(scroller, ([entry]) => {
    const element = scroller.value
    if (!element || !entry) return
    viewport = element.clientHeight
    if (wrap.value && Math.abs(element.clientWidth - width) > 1) heights.reset()
    width = element.clientWidth
    reflow()
  })
  useEventListener(scroller, 'scroll', scrolled, { passive: true })
  useEventListener(
    scroller,
    'wheel',
    (event) => {
      if (event.deltaY < 0) letGo()
    },
    { passive: true },
  )
  useEventListener(scroller, 'keydown', (event) => {
    if (UPWARD_KEYS.has(event.key)) letGo()
  })
  watch([wrap, rows], () => {
    heights.reset()
    reflow()
  })
  watch(version, reflow)
  watch([() => view.start, () => view.end, version, wrap], measure, { flush: 'post' })

  return { view, follow, reveal, toEnd, topLine }
}
