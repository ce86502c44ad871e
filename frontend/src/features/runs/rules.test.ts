import { expect, it } from 'vitest'
import { limitsDraft, rulesDraft } from './rules'

it('fills what is left open', () => {
  const draft = rulesDraft({})
  expect(draft.retention).toBeNull()
  expect(draft.concurrency).toEqual({ limit: null, policy: 'queue' })
  expect(draft.bounds.limits).toEqual({
    cpu: null,
    memory_mb: null,
    pids: null,
    disk_mb: null,
    output_mb: null,
    open_files: null,
  })
})

it('keeps what it does not show: queues, and limits that have no field', () => {
  const draft = rulesDraft({ bounds: { queues: ['fast'], limits: { pids: 9 } }, retention: { max_runs: 5 } })
  expect(draft.bounds.queues).toEqual(['fast'])
  expect(draft.bounds.limits.pids).toBe(9)
  expect(draft.retention).toEqual({ max_age_days: null, max_runs: 5, max_size_mb: null, archive: false })
})

it('reads the limits of queues', () => {
  expect(limitsDraft({ queues: [{ queue: 'gpu', limit: 2 }] })).toEqual({
    installation: { limit: null, policy: 'queue' },
    queues: [{ queue: 'gpu', limit: 2, policy: 'queue' }],
  })
})
