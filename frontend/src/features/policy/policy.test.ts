import { describe, expect, it } from 'vitest'
import { numberOf, placesOf, policyOf, summaryOf, waits, waitsText } from './policy'

it('fills what the server leaves out', () => {
  expect(policyOf({})).toEqual({
    retries: 0,
    retry_delay_s: 10,
    backoff: 'fixed',
    retry_on: ['failed', 'timed_out'],
    concurrency: null,
    limits: { cpu: null, memory_mb: null, pids: null, disk_mb: null, output_mb: null, open_files: null },
    isolation: null,
    mounts: [],
    egress: null,
    queue: 'default',
    priority: 0,
    python_version: '',
    package_manager: 'uv',
    secrets: [],
    variables: [],
    connections: [],
    stage: null,
  })
  const policy = policyOf({
    concurrency: { limit: 3 },
    limits: { memory_mb: 512 },
    mounts: [{ source: '/data' }],
    retry_on: ['lost', 'failed'],
  })
  expect(policy.concurrency).toEqual({ key: '', limit: 3, policy: 'queue' })
  expect(policy.limits.memory_mb).toBe(512)
  expect(policy.limits.cpu).toBeNull()
  expect(policy.mounts).toEqual([{ source: '/data', target: null, mode: 'ro' }])
  expect(policy.retry_on).toEqual(['failed', 'lost'])
})

it.each([
  ['', null],
  ['  ', null],
  ['x', null],
  ['1e9', null],
  ['12', 12],
  ['.5', 0.5],
  [' 0.25 ', 0.25],
  ['-3', -3],
])('reads %j as %j', (typed, value) => {
  expect(numberOf(typed)).toBe(value)
})

it('takes whole numbers where only those do', () => {
  expect(numberOf('2.6', { whole: true })).toBe(3)
})

it('tells no place from every place', () => {
  expect(policyOf({ egress: [] }).egress).toEqual([])
  expect(policyOf({ egress: null }).egress).toBeNull()
})

it.each([
  ['', []],
  [' \n ', []],
  ['api.example.com\n*.example.org:*\n', ['api.example.com', '*.example.org:*']],
  ['API.example.com, db.example.com:5432 api.EXAMPLE.com', ['api.example.com', 'db.example.com:5432']],
  ['甲.example，[2001:DB8::1]:443', ['甲.example', '[2001:db8::1]:443']],
])('reads the places of %j', (text, places) => {
  expect(placesOf(text)).toEqual(places)
})

describe('waits', () => {
  it.each([
    ['fixed', 3, [5, 5, 5]],
    ['exponential', 3, [5, 10, 20]],
    ['exponential', 9, [5, 10, 20, 40]],
    ['fixed', 0, []],
  ] as const)('%s, %i retries', (backoff, retries, expected) => {
    expect(waits(policyOf({ backoff, retries, retry_delay_s: 5 }))).toEqual(expected)
  })

  it('says that more follow', () => {
    expect(waitsText(policyOf({ retries: 9, retry_delay_s: 5, backoff: 'exponential' }))).toBe(
      '5.0 s, 10 s, 20 s, 40 s…',
    )
  })
})

it('is silent about what is as by default', () => {
  expect(summaryOf(policyOf({}))).toEqual({
    retries: '',
    concurrency: '',
    limits: '',
    place: '',
    python: '',
    given: '',
  })
  const said = summaryOf(
    policyOf({ retries: 2, concurrency: { limit: 4 }, limits: { cpu: 1, memory_mb: 64 }, priority: 5 }),
  )
  expect(said.retries).toContain('2')
  expect(said.concurrency).toContain('4')
  expect(said.limits).toBe('1 cores · 64 MiB memory')
  expect(said.place).toContain('5')
  expect(summaryOf(policyOf({ python_version: '>=3.11', package_manager: 'conda' })).python).toBe(
    '>=3.11 · conda',
  )
})
