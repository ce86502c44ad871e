export const WINDOW_TYPES = ['dates', 'hours', 'between'] as const
export type WindowType = (typeof WINDOW_TYPES)[number]

/** Whole days, the last one too. */
export interface DateWindow {
  type: 'dates'
  name: string
  first: string
  last: string
}
/** Hours of weekdays (0 is Sunday); from 22:00 to 06:00 they lead into the next day. */
export interface HourWindow {
  type: 'hours'
  name: string
  weekdays: number[]
  start: string
  end: string
}
/** From one instant until before another. */
export interface InstantWindow {
  type: 'between'
  name: string
  start: string
  end: string
}
export type BlackoutWindow = DateWindow | HourWindow | InstantWindow

export interface Blackout {
  id: string
  project: string
  name: string
  timezone: string
  windows: BlackoutWindow[]
  /** Holds for every job of the project. */
  whole_project: boolean
  used_by: number
  next: { start: string; end: string; name: string }[]
  revision: number
}
export type BlackoutDraft = Pick<Blackout, 'name' | 'timezone' | 'windows' | 'whole_project'>
