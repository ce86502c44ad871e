import { expect, it } from 'vitest'
import type { Definition } from '@/ui/form/definition'
import { filledWith, keptValues, overSet } from './sets'

const field = (key: string, over: Partial<Definition> = {}): Definition => ({
  key,
  label: '',
  type: 'text',
  required: false,
  default: null,
  ...over,
})
const FIELDS = [
  field('NAME', { required: true }),
  field('SIZE', { type: 'number', default: 3 }),
  field('TOKEN', { type: 'password' }),
  field('TABLE', { type: 'file' }),
]

it('keeps what is right, and no files', () => {
  const raws = { NAME: '', SIZE: '5', TOKEN: 'x', TABLE: new File([], 'a.csv') }
  expect(keptValues(FIELDS, raws)).toEqual({ SIZE: 5, TOKEN: 'x' })
  expect(keptValues(FIELDS, { ...raws, SIZE: 'many' })).toEqual({ TOKEN: 'x' })
})

it('leaves a password that was not typed anew with its set', () => {
  const raws = { NAME: 'n', SIZE: '', TOKEN: '', TABLE: '' }
  expect(keptValues(FIELDS, raws, { TOKEN: '***' })).toEqual({ NAME: 'n', TOKEN: '***' })
  expect(keptValues(FIELDS, raws, {})).toEqual({ NAME: 'n' })
})

it('fills the form, and defaults where the set is silent', () => {
  expect(filledWith(FIELDS, { NAME: 'n', TOKEN: '***' })).toEqual({
    NAME: 'n',
    SIZE: '3',
    TOKEN: '',
    TABLE: '',
  })
})

it('says of a value that was emptied that there is none', () => {
  expect(overSet(FIELDS, { SIZE: 1 }, { NAME: 'n', TOKEN: '***' })).toEqual({ SIZE: 1, NAME: null })
})
