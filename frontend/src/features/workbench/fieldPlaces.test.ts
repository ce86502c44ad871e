import { expect, it } from 'vitest'
import { placeRefusals } from './fieldPlaces'

it('sorts refused fields to where they can be mended', () => {
  const refused = placeRefusals([
    { field: 'parameters.2.key', message: 'reserved' },
    { field: 'parameters.2.label', message: 'later' },
    { field: 'draft.parameters.0.regex', message: 'bad' },
    { field: 'requirements.1', message: 'no options' },
    { field: 'name', message: 'taken' },
  ])
  expect(refused).toEqual({
    tab: 'parameters',
    definitions: { 2: 'key: reserved', 0: 'regex: bad' },
    fields: { requirements: 'no options', name: 'taken' },
  })
})

it('keeps the parts of a policy apart', () => {
  const refused = placeRefusals([
    { field: 'draft.limits.cpu', message: 'too many' },
    { field: 'mounts.1.source', message: 'absolute' },
    { field: 'mounts', message: 'twice' },
    { field: 'retry_on.0', message: 'unknown' },
  ])
  expect(refused.tab).toBe('settings')
  expect(refused.fields).toEqual({
    'limits.cpu': 'too many',
    'mounts.1.source': 'absolute',
    mounts: 'twice',
    retry_on: 'unknown',
  })
})

it('knows fields that stand nowhere', () => {
  expect(placeRefusals([{ field: 'code', message: 'too long' }])).toEqual({
    tab: null,
    definitions: {},
    fields: { code: 'too long' },
  })
})
