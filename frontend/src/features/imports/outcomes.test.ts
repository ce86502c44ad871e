import { expect, it } from 'vitest'
import type { Taken } from './api'
import { saidOf } from './outcomes'

const taken = (name: string, outcome: Taken['outcome']): Taken => ({ id: name, name, version: 1, outcome })

it.each<[string, Taken[], string]>([
  ['one by its name', [taken('Report', 'created')], 'Imported as Report'],
  ['one that was there', [taken('Report', 'unchanged')], 'Report is as it was'],
  [
    'several by their number',
    [taken('a', 'created'), taken('b', 'created'), taken('c', 'skipped')],
    '2 scripts imported · 1 left as it was there',
  ],
])('%s', (_name, items, said) => {
  expect(saidOf(items)).toBe(said)
})
