import { expect, it } from 'vitest'
import type { Vulnerability } from '@/api/types'
import { byGravity, isGrave, worst, type Severity } from './severity'

const known = (id: string, severity: Severity): Vulnerability => ({
  id,
  severity,
  aliases: [],
  summary: '',
  fixed_in: [],
  url: '',
})

it('puts the worst first', () => {
  const all = [
    known('c', ''),
    known('b', 'low'),
    known('a', 'low'),
    known('z', 'critical'),
    known('m', 'high'),
  ]
  expect(byGravity(all).map((one) => one.id)).toEqual(['z', 'm', 'a', 'b', 'c'])
  expect(worst(all)).toBe('critical')
  expect(worst([])).toBe('')
})

it('is loud about the grave ones only', () => {
  expect((['critical', 'high', 'medium', 'low', ''] as const).map(isGrave)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})
