import { expect, it } from 'vitest'
import type { CalendarItem } from '@/features/jobs/calendar/types'
import { upcoming } from './coming'

const item = (at: string, more: Partial<CalendarItem> = {}): CalendarItem => ({
  job_id: at,
  job_name: 'Job',
  trigger_id: 't',
  at,
  until: at,
  count: 1,
  kind: 'due',
  outcome: null,
  name: '',
  run_id: null,
  run_state: null,
  ...more,
})

it('tells when each job starts next, the soonest first, and neither what is past nor what is held back', () => {
  const soon = item('2026-01-01T01:00:00Z')
  const later = item('2026-01-01T02:00:00Z')
  const held = item('2026-01-01T00:30:00Z', { outcome: 'blackout', name: 'Night' })
  const past = item('2026-01-01T00:10:00Z', { kind: 'ran', run_state: 'succeeded' })
  const again = item('2026-01-01T03:00:00Z', { job_id: soon.job_id })
  expect(upcoming([again, later, held, past, soon])).toEqual([soon, later])
})
