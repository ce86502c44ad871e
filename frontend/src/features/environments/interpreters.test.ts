import { expect, it } from 'vitest'
import { nameOf, verdictOf, type Interpreter } from './interpreters'

const PYTHON: Interpreter = {
  id: 'int_1',
  kind: 'python',
  path: '/usr/bin/python3',
  version: '3.12.4',
  implementation: 'CPython',
  platform: 'linux-x86_64',
  is_default: false,
  source: 'found',
  trouble: null,
  reachable: true,
  unreachable_reason: null,
  created_at: '2026-01-01T00:00:00Z',
  probed_at: '2026-01-01T00:00:00Z',
}

it('names an interpreter by what it said of itself', () => {
  expect(nameOf(PYTHON)).toBe('CPython 3.12.4')
  expect(nameOf({ ...PYTHON, implementation: '', version: '' })).toBe('/usr/bin/python3')
})

it.each([
  [{}, { state: 'fine', why: '' }],
  [
    { reachable: false, unreachable_reason: '/root is closed' },
    { state: 'closed', why: '/root is closed' },
  ],
  [
    { reachable: false, trouble: 'It said nothing.' },
    { state: 'trouble', why: 'It said nothing.' },
  ],
])('judges %j', (facts, verdict) => {
  expect(verdictOf({ ...PYTHON, ...facts })).toEqual(verdict)
})
