import { Problem } from './problem'

type Listener = (approval: string) => void
const listeners = new Set<Listener>()

/** Hear of acts that wait for a second person, by the id of the request. Returns the function that stops it. */
export function onWaiting(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Say that an act waits; what is thrown in place of its answer. */
export function tellWaiting(approval: string): Problem {
  for (const listener of listeners) listener(approval)
  return new Problem(202, { code: 'needs_second_person', detail: 'This waits for a second person.' })
}
