/** What both systems started, and what only one did. */
export interface Comparison {
  matched: { due_at: string; seen_at: string; late_ms: number }[]
  matched_count: number
  only_here: string[]
  only_here_count: number
  only_there: string[]
  only_there_count: number
  late_ms: number
  latest_ms: number
  /** Lines of the log that tell no time. */
  unread: number
}
export interface ShadowAsked {
  log: string
  from: string
  to: string
  tolerance_s: number
  timezone: string
  contains: string
}
