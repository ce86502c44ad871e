import { expect, it } from 'vitest'
import { moved, type Side } from './ordering'

const rows = ['a', 'b', 'c', 'd'].map((id) => ({ id }))

it.each<[string, string[], string, Side, string]>([
  ['one down', ['a'], 'c', 'after', 'bcad'],
  ['one up', ['d'], 'a', 'before', 'dabc'],
  ['to where it stands', ['b'], 'a', 'after', 'abcd'],
  ['several keep their order', ['d', 'a'], 'c', 'before', 'badc'],
  ['onto itself', ['b'], 'b', 'after', 'abcd'],
  ['next to what is not here', ['b'], 'z', 'after', 'abcd'],
])('moves %s', (_name, ids, target, side, after) => {
  expect(
    moved(rows, ids, target, side)
      .map((row) => row.id)
      .join(''),
  ).toBe(after)
})
