import { expect, it } from 'vitest'
import { callsText, gripsOf, gripText, limitText, networkText } from './isolation'

it.each([
  [{ network: 'off', egress: null }, 'Off'],
  [{ network: 'on', egress: null }, 'On'],
  [{ network: 'on' }, 'On'],
  [{ network: 'allow-list', egress: ['api.example.com'] }, 'Only to'],
  [{ network: 'allow-list', egress: [] }, 'On, but with no place to reach'],
])('says of %j: %s', (force, words) => {
  expect(networkText(force)).toBe(words)
})

it('tells of the limits that the run knows, also of those nobody asked for', () => {
  const disk = { limit_mb: 2048, enforced: true, by: 'measuring' }
  expect(gripsOf({ memory: null, disk })).toEqual([
    { name: 'memory', grip: null },
    { name: 'disk', grip: disk },
  ])
  expect(limitText('disk', disk)).toBe('2,048 MB')
  expect(gripText(disk)).toBe('enforced by measuring')
  expect(gripText({ enforced: false, why: 'no delegated cgroup' })).toBe('not enforced: no delegated cgroup')
})

it('says what it has no words for as the server does', () => {
  expect(callsText('filtered')).toBe('Filtered')
  expect(callsText('filtered by the container engine')).toBe('Filtered by the container engine')
  expect(callsText('filtered twice')).toBe('filtered twice')
})
