import { expect, it } from 'vitest'
import { limitsDraft, queuesOf, refusedBelow, rulesDraft } from './rules'

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

it('keeps what is laid down already', () => {
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

it.each([
  ['', null],
  [' , ', null],
  ['gpu', ['gpu']],
  ['default, gpu，fast gpu', ['default', 'gpu', 'fast']],
])('reads the queues of %j', (text, queues) => {
  expect(queuesOf(text)).toEqual(queues)
})

it('tells what is said of a field or of one of its items', () => {
  expect(refusedBelow({ 'bounds.queues.1': 'No.' }, 'bounds.queues')).toBe('No.')
  expect(refusedBelow({ 'bounds.queues': 'Many.' }, 'bounds.queues')).toBe('Many.')
  expect(refusedBelow({ 'bounds.priority': 'High.' }, 'bounds.queues')).toBeUndefined()
})
