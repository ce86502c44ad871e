import { expect, it } from 'vitest'
import { instantOf, localOf } from './instants'

it('goes there and back to the minute', () => {
  expect(instantOf(localOf('2026-03-01T12:34:00.000Z'))).toBe('2026-03-01T12:34:00.000Z')
})

it.each(['', 'nonsense'])('has no instant for %j', (text) => {
  expect(localOf(text)).toBe('')
  expect(instantOf(text)).toBe('')
})
