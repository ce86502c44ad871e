import type { RunState } from '@/api/types'

export const RUN_STATES: readonly RunState[] = [
  'queued',
  'starting',
  'running',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
]
const OVER = new Set<RunState>(['succeeded', 'failed', 'timed_out', 'cancelled', 'lost'])
const BAD = new Set<RunState>(['failed', 'timed_out', 'lost'])

export const isOver = (state: RunState) => OVER.has(state)
export const isBad = (state: RunState) => BAD.has(state)
