import { expect, it } from 'vitest'
import { extensionsOf, tidied } from './definition'

it.each([
  ['', []],
  ['csv, .TXT;  *.tar.gz', ['.csv', '.txt', '.tar.gz']],
  ['.csv csv', ['.csv']],
  ['. *', []],
])('reads the endings %j', (typed, endings) => {
  expect(extensionsOf(typed)).toEqual(endings)
})

it('keeps of a file what belongs to files, and how the value reaches a command line', () => {
  const argument = { style: 'option', flag: '--in' }
  expect(
    tidied({
      key: ' IN ',
      label: '',
      type: 'file',
      required: true,
      default: 'left over',
      regex: '^x',
      extensions: ['.csv'],
      argument,
    }),
  ).toEqual({
    key: 'IN',
    label: '',
    type: 'file',
    required: true,
    default: null,
    help: '',
    placeholder: '',
    max_size_mb: null,
    extensions: ['.csv'],
    argument,
  })
})
