import type { RunState } from '@/api/types'
import type { Outcome } from '../types'

/** What is due, or was, close together, and shares what becomes or became of it. */
export interface CalendarItem {
  job_id: string
  job_name: string
  trigger_id: string | null
  at: string
  until: string
  count: number
  kind: 'due' | 'ran' | 'slot'
  outcome: Outcome | null
  /** Of the blackout window, or of what paused it. */
  name: string
  run_id: string | null
  run_state: RunState | null
}
/** An item as it is shown: what is told together with its like may be due evenly, every so many seconds. */
export interface CalendarEntry extends CalendarItem {
  every_s?: number
}
export interface Calendar {
  items: CalendarItem[]
  capped: boolean
}
export interface ForecastHour {
  at: string
  runs: number
  busy_s: number
  slots_used: number
}
export interface Forecast {
  hours: ForecastHour[]
  capacity_slots: number
  capped: boolean
}
