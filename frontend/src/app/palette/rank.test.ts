import { expect, it } from 'vitest'
import { fit, rank } from './rank'

it.each([
  ['Runs', '', 0],
  ['Runs', 'ru', 0],
  ['Write a new script', 'new', 1],
  ['Write a new script', 'scr', 1],
  ['Environments', 'iron', 2],
  ['Environments', 'evm', 3],
  ['Use the dark theme', 'dk', 3],
  ['Runs', 'rx', -1],
])('%s for “%s” fits at place %i', (label, words, place) => {
  expect(fit(label, words)).toBe(place)
})

it('puts the best first and keeps the order among equals', () => {
  const entries = ['Show runs', 'Go', 'Runs', 'Run it'].map((label) => ({ label }))
  expect(rank(entries, 'run').map(({ label }) => label)).toEqual(['Runs', 'Run it', 'Show runs'])
})
