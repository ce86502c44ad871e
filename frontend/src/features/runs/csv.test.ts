import { describe, expect, it } from 'vitest'
import { readCsv } from './csv'

describe('readCsv', () => {
  it.each<[string, string, string[][]]>([
    [
      'plain',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF and a BOM',
      '\ufeffa,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['quotes', '"a,1","say ""hi"""\n', [['a,1', 'say "hi"']]],
    ['a line break in a cell', '"a\nb",c\n', [['a\nb', 'c']]],
    [
      'empty cells',
      ',\n,x\n',
      [
        ['', ''],
        ['', 'x'],
      ],
    ],
    ['blank lines', 'a\n\nb\n', [['a'], ['b']]],
    [
      'semicolons',
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1\t2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_name, text, rows) => {
    expect(readCsv(text, 100)).toEqual({ rows, complete: true })
  })

  it('stops after enough rows', () => {
    expect(readCsv('a\nb\nc\nd\n', 2)).toEqual({ rows: [['a'], ['b']], complete: false })
  })
})
