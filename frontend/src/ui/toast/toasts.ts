import { readonly, ref } from 'vue'
import { problemText, shown as facts } from '@/ui/i18n/problem'

export interface Toast {
  id: number
  text: string
  kind: 'done' | 'failed' | 'note'
  action?: { label: string; run: () => void } | undefined
}

const LASTS_MS = 5000
/** Long enough to read and to reach, since an undo is the only way back. */
const UNDO_LASTS_MS = 9000

const shown = ref<Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()
let last = 0

export const toasts = readonly(shown)

export function dismiss(id: number): void {
  clearTimeout(timers.get(id))
  timers.delete(id)
  shown.value = shown.value.filter((toast) => toast.id !== id)
}

/** Say something in the corner; read out by screen readers. Returns its id. */
export function toast(
  text: string,
  options: { kind?: Toast['kind']; action?: Toast['action'] } = {},
): number {
  const id = ++last
  shown.value = [...shown.value.slice(-2), { id, text, kind: options.kind ?? 'done', action: options.action }]
  hold(id, options.action ? UNDO_LASTS_MS : LASTS_MS)
  return id
}

/** Say what went wrong, in the page's language. */
export function toastProblem(error: unknown): number {
  // What waits for a second person is no failure; the frame has told of it.
  if (facts(error).code === 'needs_second_person') return 0
  return toast(problemText(error), { kind: 'failed' })
}

/** Restart the countdown of a toast (it stays while pointed at: pass null). */
export function hold(id: number, lasts: number | null = LASTS_MS): void {
  clearTimeout(timers.get(id))
  if (lasts !== null)
    timers.set(
      id,
      setTimeout(() => dismiss(id), lasts),
    )
}
