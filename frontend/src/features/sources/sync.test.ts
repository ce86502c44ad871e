import { describe, expect, it } from 'vitest'
import type { Source } from './api'
import { isSettled, shortAddress } from './sync'

const asked: Source = {
  script_id: 'scr_1',
  kind: 'git',
  url: 'https://git.example.org/a.git',
  ref: '',
  path: '',
  entry: '',
  revision: 'abc',
  every_s: 3600,
  next_at: '2026-01-01T10:00:00Z',
  synced_at: '2026-01-01T09:30:00Z',
  error: null,
  webhook: '/api/v1/hooks/sources/scr_1',
}

describe('isSettled', () => {
  it.each<[string, Partial<Source>, boolean]>([
    ['nobody has taken it yet', {}, false],
    ['it is being looked at', { next_at: '2026-01-01T10:10:02Z' }, false],
    ['it was synced', { synced_at: '2026-01-01T10:00:03Z' }, true],
    ['it failed', { error: 'The source can’t be reached.' }, true],
    ['the next look is in an hour', { next_at: '2026-01-01T11:00:03Z' }, true],
    ['the next look is in five minutes', { next_at: '2026-01-01T10:05:03Z' }, true],
    ['there is no next look', { next_at: null }, true],
  ])('%s: %s', (_name, over, settled) => {
    expect(isSettled(asked, { ...asked, ...over })).toBe(settled)
  })

  it('sees the end of a look that failed as the one before did', () => {
    const failed = { ...asked, error: 'The source can’t be reached.' }
    expect(isSettled(failed, { ...failed, next_at: '2026-01-01T11:00:03Z' })).toBe(true)
  })
})

it.each([
  ['https://git.example.org/team/tools.git', 'git.example.org/team/tools'],
  ['https://gist.github.com/me/0123abcd/', 'gist.github.com/me/0123abcd'],
  ['0123abcd', '0123abcd'],
])('shortAddress %s', (url, short) => {
  expect(shortAddress(url)).toBe(short)
})
