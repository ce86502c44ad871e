import type { Words } from '../types'

export const KINDS = ['crontab', 'cron_d', 'github', 'qinglong', 'runyard'] as const
export type Kind = (typeof KINDS)[number]
export const BEGINS = ['shadow', 'enabled', 'disabled'] as const
export type Begin = (typeof BEGINS)[number]

/** One schedule, and the job that it makes. */
export interface Entry {
  index: number
  at: string
  name: string
  cron: string
  timezone: string
  words: Words
  command: string
  user: string
  /** What of it is not carried. */
  notes: string[]
  enabled: boolean
  job_id: string | null
  script_id: string | null
  /** Of its new webhooks, by the trigger's id: never told again. */
  secrets?: Record<string, string>
}
export interface ImportAnswer {
  items: Entry[]
  left_out: { at: string; text: string; why: string }[]
}
export interface ImportWish {
  kind: Kind
  text: string
  timezone: string
  project: string
  prefix: string
  folder: string
  begin: Begin
}
