import type { Source } from './api'

/** How long a scheduler holds a source that it looks after, in seconds, and how much later it may have taken it. */
const LEASE_S = 600
const SLACK_S = 30

/**
 * Whether the look that was asked for is over. `asked` is the answer to the request: its `next_at` is when it was
 * made. Until a scheduler takes the source that stays; then it is a lease, and in the end the next look, or none.
 */
export function isSettled(asked: Source, now: Source): boolean {
  if (now.synced_at !== asked.synced_at || now.error !== asked.error) return true
  if (!now.next_at || !asked.next_at) return now.next_at !== asked.next_at
  const wait = (Date.parse(now.next_at) - Date.parse(asked.next_at)) / 1000
  return wait > 0 && (wait < LEASE_S || wait > LEASE_S + SLACK_S)
}

/** A repository's address as people read it: without the scheme and the ending. */
export function shortAddress(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/(?:\.git)?\/?$/, '')
}
