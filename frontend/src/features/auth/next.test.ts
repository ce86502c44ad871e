import { expect, it } from 'vitest'
import { safeNext } from './next'

it.each([
  ['/runs?state=failed', '/runs?state=failed'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/login?next=/x', '/'],
  [undefined, '/'],
  [['/a', '/b'], '/'],
])('%s leads to %s', (raw, path) => {
  expect(safeNext(raw)).toBe(path)
})
