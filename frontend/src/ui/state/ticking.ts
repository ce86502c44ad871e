import { onScopeDispose, readonly, ref, type Ref } from 'vue'

/** One timer per pace for the whole page: a list of two hundred relative times must not own two hundred timers. */
interface Clock {
  now: Ref<number>
  users: number
  timer: ReturnType<typeof setInterval> | undefined
}
const clocks = new Map<number, Clock>()

/** The current time in milliseconds, renewed every `everyMs` while anybody looks. Call in `setup`. */
export function useTicking(everyMs: number): Readonly<Ref<number>> {
  let clock = clocks.get(everyMs)
  if (!clock) {
    clock = { now: ref(Date.now()), users: 0, timer: undefined }
    clocks.set(everyMs, clock)
  }
  const mine = clock
  if (mine.users++ === 0) {
    mine.now.value = Date.now()
    mine.timer = setInterval(() => (mine.now.value = Date.now()), everyMs)
  }
  onScopeDispose(() => {
    if (--mine.users === 0) clearInterval(mine.timer)
  })
  return readonly(mine.now)
}
