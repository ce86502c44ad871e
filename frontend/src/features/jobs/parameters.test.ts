import { describe, expect, it } from 'vitest'
import { filled } from '@/ui/form/definition'
import { filledForm, givable, keptParameters } from './parameters'

const CITY = filled({ key: 'CITY' })
const SIZE = filled({ key: 'SIZE', type: 'number', default: 5 })
const TOKEN = filled({ key: 'TOKEN', type: 'password', required: true })
const FILE = filled({ key: 'FILE', type: 'file' })
const ALL = [CITY, SIZE, TOKEN]

describe('what a job is given', () => {
  it('has no files', () => {
    expect(givable([CITY, FILE])).toEqual([CITY])
  })

  it('keeps a password that was left alone, and takes one that was typed', () => {
    const before = { CITY: 'Ulm', TOKEN: '***' }
    const values = filledForm(ALL, before)
    expect(values.TOKEN).toBe('')
    expect(keptParameters(ALL, values, before, null)).toEqual({
      parameters: { CITY: 'Ulm', SIZE: 5, TOKEN: '***' },
      troubles: {},
    })
    expect(keptParameters(ALL, { ...values, TOKEN: 'new' }, before, null).parameters.TOKEN).toBe('new')
  })

  it('says what is missing where nothing is kept', () => {
    expect(keptParameters(ALL, filledForm(ALL, {}), {}, null).troubles).toEqual({
      TOKEN: { code: 'required' },
    })
  })

  it('follows a saved set but for what differs from it', () => {
    const set = { CITY: 'Ulm', SIZE: 7, TOKEN: '***' }
    const values = filledForm(ALL, {}, set)
    expect(keptParameters(ALL, values, {}, set)).toEqual({ parameters: {}, troubles: {} })
    expect(keptParameters(ALL, { ...values, SIZE: '9' }, {}, set).parameters).toEqual({ SIZE: 9 })
    expect(keptParameters(ALL, { ...values, CITY: '' }, {}, set).parameters).toEqual({ CITY: null })
  })
})
