import { afterEach, expect, it } from 'vitest'
import type { RunEvent } from '@/api/types'
import { speak } from '@/ui/i18n'
import { eventDetails } from './events'

const event = (data: Record<string, unknown>): RunEvent => ({
  id: 1,
  at: '2026-11-01T00:00:00Z',
  kind: 'run.failed',
  attempt: 1,
  data,
})
const LOST = { code: 'worker_lost', message: 'The worker went away.' }

afterEach(() => speak('en'))

it.each([
  [{ by: 'ann', trigger: { kind: 'api' }, worker_id: 'w1' }, 'by ann'],
  [{ exit_code: 1, error: { code: 'exit_code', message: 'It exited with code 1.' } }, 'exit code: 1'],
  [{ exit_code: null, error: LOST }, 'The worker went away.'],
  [{ delay_s: 30, note: { some: 'thing' } }, 'seconds to wait: 30 · note: {"some":"thing"}'],
])('says %j', (data, text) => {
  expect(eventDetails(event(data))).toBe(text)
})
