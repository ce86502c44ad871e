import { describe, expect, it } from 'vitest'
import { keyTrouble, newDefinition, tidied, type Definition } from './definition'
import { collect, fieldMessages, filesOf, initialValues, isMultiple, rawOf, type Raw } from './values'

const field = (over: Partial<Definition>): Definition => ({
  key: 'P',
  label: '',
  type: 'text',
  required: false,
  default: null,
  ...over,
})
const options = [
  { value: 'a', label: 'A' },
  { value: 'b', label: '' },
]

describe('collect', () => {
  it.each<[string, Partial<Definition>, Raw, unknown]>([
    ['text', {}, 'x', 'x'],
    ['text keeps its spaces', {}, ' x ', ' x '],
    ['number', { type: 'number' }, ' 4.5 ', 4.5],
    ['number with exponent', { type: 'number' }, '1e3', 1000],
    ['a multiple in decimals', { type: 'number', step: 0.1 }, '0.3', 0.3],
    ['select', { type: 'select', options }, 'b', 'b'],
    ['multiselect', { type: 'multiselect', options }, ['a', 'b'], ['a', 'b']],
    ['switch off', { type: 'switch' }, false, false],
    ['required switch off is a value', { type: 'switch', required: true }, false, false],
    ['date', { type: 'date' }, '2028-02-29', '2028-02-29'],
    ['json', { type: 'json' }, '{"a":[1]}', { a: [1] }],
    ['length counts code points', { max_length: 2 }, '👍👍', '👍👍'],
    ['a pattern is searched for', { regex: 'b+' }, 'abc', 'abc'],
    ['a pattern for the server only', { regex: '(a+)+$' }, 'b', 'b'],
    ['a pattern that this engine does not know', { regex: '(?P<x>a)' }, 'b', 'b'],
    ['emptied although it has a default', { default: 'x' }, '', null],
  ])('takes %s', (_name, over, raw, value) => {
    expect(collect([field(over)], { P: raw })).toEqual({ parameters: { P: value }, troubles: {} })
  })

  it.each<[string, Partial<Definition>, Raw]>([
    ['empty without default', {}, ''],
    ['no option ticked', { type: 'checkbox', options }, []],
    ['a hidden default that is not touched', { type: 'password', default: '***' }, ''],
    ['a required hidden default', { type: 'password', default: '***', required: true }, ''],
  ])('leaves out: %s', (_name, over, raw) => {
    expect(collect([field(over)], { P: raw })).toEqual({ parameters: {}, troubles: {} })
  })

  it.each<[string, Partial<Definition>, Raw, string]>([
    ['required', { required: true }, '', 'required'],
    ['required and emptied', { required: true, default: 'x' }, '', 'required'],
    ['required list', { type: 'multiselect', options, required: true }, [], 'required'],
    ['too short', { min_length: 3 }, 'ab', 'too_short'],
    ['too long', { max_length: 3 }, 'abcd', 'too_long'],
    ['nothing is allowed', { max_length: 0 }, 'a', 'too_long'],
    ['too many bytes', {}, 'é'.repeat(60_000), 'too_many_bytes'],
    ['pattern', { regex: '^\\d+$' }, '12a', 'pattern'],
    ['masked', { type: 'password' }, '***', 'masked'],
    ['no number', { type: 'number' }, '1,5', 'number'],
    ['hexadecimal is no number', { type: 'number' }, '0x10', 'number'],
    ['too large for a number', { type: 'number' }, '1e999', 'number'],
    ['too small', { type: 'number', min: 1 }, '0.5', 'too_small'],
    ['too large', { type: 'number', max: 1 }, '1.5', 'too_large'],
    ['step', { type: 'number', step: 5 }, '12', 'step'],
    ['not an option', { type: 'select', options }, 'c', 'option'],
    ['a ticked option that is gone', { type: 'checkbox', options }, ['a', 'c'], 'option'],
    ['no such day', { type: 'date' }, '2026-02-29', 'date'],
    ['no date', { type: 'date' }, '1.2.2026', 'date'],
    ['no time', { type: 'datetime' }, 'soon', 'date-time'],
    ['no JSON', { type: 'json' }, '{a:1}', 'json'],
  ])('refuses: %s', (_name, over, raw, code) => {
    const { parameters, troubles } = collect([field(over)], { P: raw })
    expect(troubles.P?.code).toBe(code)
    expect(parameters).toEqual({})
  })

  it('writes times with an offset', () => {
    const { parameters } = collect([field({ type: 'datetime' })], { P: '2026-03-01T10:00' })
    expect(parameters.P).toMatch(/^2026-0\d-\d\dT\d\d:00:00\.000Z$/)
  })
})

describe('initialValues', () => {
  it('shows defaults, and what was given before them', () => {
    const definitions = [
      field({ key: 'A', default: 5, type: 'number' }),
      field({ key: 'B', default: true, type: 'switch' }),
      field({ key: 'C', default: { x: 1 }, type: 'json' }),
      field({ key: 'D', default: '***', type: 'password' }),
      field({ key: 'E' }),
    ]
    expect(initialValues(definitions, { E: 'given', A: null })).toEqual({
      A: '',
      B: true,
      C: '{\n  "x": 1\n}',
      D: '',
      E: 'given',
    })
  })

  it('goes back and forth for times', () => {
    const definition = field({ type: 'datetime' })
    const raw = rawOf(definition, '2026-03-01T10:00:00Z')
    expect(collect([definition], { P: raw }).parameters.P).toBe('2026-03-01T10:00:00.000Z')
  })
})

describe('isMultiple', () => {
  it.each<[number, number, boolean]>([
    [0.3, 0.1, true],
    [0.35, 0.1, false],
    [1e21, 1e20, true],
    [1.5e-7, 5e-8, true],
    [-4, 2, true],
    [0, 7, true],
  ])('%d of %d', (value, step, expected) => {
    expect(isMultiple(value, step)).toBe(expected)
  })
})

describe('definitions', () => {
  it('gives new ones a free key', () => {
    expect(newDefinition([field({ key: 'PARAM_2' })]).key).toBe('PARAM_3')
  })

  it('leaves out what the type has no use for', () => {
    const tidy = tidied(field({ type: 'number', options, regex: 'x', min: 1, default: '' }))
    expect(tidy).not.toHaveProperty('options')
    expect(tidy).not.toHaveProperty('regex')
    expect(tidy).toMatchObject({ min: 1, default: null })
  })

  it.each([
    ['', 'keyEmpty'],
    ['1A', 'keyForm'],
    ['A-B', 'keyForm'],
    ['TAKEN', 'keyTwice'],
    ['_ok9', null],
  ])('key %s', (key, expected) => {
    expect(keyTrouble(key, ['TAKEN'])).toBe(expected)
  })
})

describe('fieldMessages', () => {
  it('finds the parameter that a 422 names', () => {
    const errors = [
      { field: 'parameters.SIZE', message: 'first' },
      { field: 'parameters.SIZE', message: 'second' },
      { field: 'payload.parameters.OTHER', message: 'x' },
      { field: 'name', message: 'y' },
    ]
    expect(fieldMessages(errors)).toEqual({ SIZE: 'first', OTHER: 'x' })
  })
})

describe('files', () => {
  const field = (over: Partial<Definition> = {}): Definition => ({
    key: 'TABLE',
    label: '',
    type: 'file',
    required: true,
    default: null,
    ...over,
  })
  const csv = new File(['a,b'], 'Rows.CSV')

  it('sends the file along and its name as the value', () => {
    expect(collect([field()], { TABLE: csv })).toEqual({ parameters: { TABLE: 'Rows.CSV' }, troubles: {} })
    expect(filesOf([field(), field({ key: 'OTHER' })], { TABLE: csv, OTHER: csv, GONE: csv })).toEqual([csv])
  })

  it('wants one where one is required', () => {
    expect(collect([field()], { TABLE: '' }).troubles).toEqual({ TABLE: { code: 'required' } })
    expect(collect([field({ required: false })], { TABLE: '' })).toEqual({
      parameters: {},
      troubles: {},
    })
  })

  it.each([
    [{ extensions: ['.csv'] }, null],
    [{ extensions: ['.tar.gz', '.zip'] }, { code: 'extension', bound: '.tar.gz, .zip' }],
    [{ max_size_mb: 1 }, null],
    [{ max_size_mb: 0.000_001 }, { code: 'file_size', bound: 0.000_001 }],
  ])('looks at its name and size: %j', (over, trouble) => {
    expect(collect([field(over)], { TABLE: csv }).troubles).toEqual(trouble ? { TABLE: trouble } : {})
  })

  it('refuses two files of one name, but not one file given twice', () => {
    const fields = [field(), field({ key: 'OTHER' })]
    expect(collect(fields, { TABLE: csv, OTHER: csv }).troubles).toEqual({})
    expect(collect(fields, { TABLE: csv, OTHER: new File(['c'], 'Rows.CSV') }).troubles).toEqual({
      OTHER: { code: 'file_twice', bound: 'Rows.CSV' },
    })
  })

  it('has nothing to show of the file of an earlier run', () => {
    expect(rawOf(field(), 'Rows.CSV')).toBe('')
  })
})
