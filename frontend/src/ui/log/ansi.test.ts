import { describe, expect, it } from 'vitest'
import { parseAnsi, plainText, type Segment, type Style } from './ansi'

const E = '\u001b['
const seg = (text: string, style: Style = {}): Segment => ({ text, style })

describe('parseAnsi', () => {
  it.each<[string, string, Segment[]]>([
    ['plain text', 'hello', [seg('hello')]],
    ['nothing', '', []],
    ['a tab stays', 'a\tb', [seg('a\tb')]],
    ['a basic colour', `${E}31mred${E}0m rest`, [seg('red', { fg: 1 }), seg(' rest')]],
    ['an empty SGR resets', `${E}31mred${E}m rest`, [seg('red', { fg: 1 }), seg(' rest')]],
    ['bright colours', `${E}92;101mx`, [seg('x', { fg: 10, bg: 9 })]],
    ['256: one of the first sixteen', `${E}38;5;9mx`, [seg('x', { fg: 9 })]],
    ['256: the cube', `${E}38;5;208mx`, [seg('x', { fg: 'rgb(255 135 0)' })]],
    ['256: a grey', `${E}48;5;240mx`, [seg('x', { bg: 'rgb(88 88 88)' })]],
    ['24 bit', `${E}38;2;1;2;300mx`, [seg('x', { fg: 'rgb(1 2 255)' })]],
    ['24 bit with colons', `${E}38:2::10:20:30mx`, [seg('x', { fg: 'rgb(10 20 30)' })]],
    ['codes after an extended colour', `${E}38;5;1;1mx`, [seg('x', { fg: 1, bold: true })]],
    ['a colour out of range is ignored', `${E}38;5;999mx`, [seg('x')]],
    ['bold and underline', `${E}1;4mx`, [seg('x', { bold: true, underline: true })]],
    [
      'ends of switches',
      `${E}1;3;4;9mx${E}22;23;24;29my`,
      [seg('x', { bold: true, italic: true, underline: true, strike: true }), seg('y')],
    ],
    ['default colours', `${E}31;41mx${E}39;49my`, [seg('x', { fg: 1, bg: 1 }), seg('y')]],
    ['inverse', `${E}7mx`, [seg('x', { inverse: true })]],
    ['equal neighbours are joined', `${E}31ma${E}31mb`, [seg('ab', { fg: 1 })]],
    ['a carriage return writes anew', '10%\r50%\r100%', [seg('100%')]],
    ['a trailing carriage return hides nothing', 'done\r', [seg('done')]],
    ['colour goes on past a carriage return', `${E}32mold\rnew`, [seg('new', { fg: 2 })]],
    ['erase line', `old${E}2Knew`, [seg('new')]],
    ['cursor to column one', `old${E}1Gnew`, [seg('new')]],
    ['erase to the end changes nothing', `kept${E}K`, [seg('kept')]],
    ['backspace', 'ab\bc', [seg('ac')]],
    ['cursor moves are dropped', `a${E}2Ab${E}10;10Hc`, [seg('abc')]],
    ['private modes are dropped', `${E}?25lx${E}?25h`, [seg('x')]],
    ['a title is dropped (BEL)', '\u001b]0;title\u0007x', [seg('x')]],
    [
      'a link is dropped, its text stays',
      '\u001b]8;;https://a.example\u001b\\text\u001b]8;;\u001b\\',
      [seg('text')],
    ],
    ['an unfinished escape is dropped', `x${E}31`, [seg('x')]],
    ['charset and keypad escapes', '\u001b(Bx\u001b=y', [seg('xy')]],
    ['controls are dropped', 'a\u0000b\u0007c\u007fd', [seg('abcd')]],
    ['HTML is text', '<b onload=x>', [seg('<b onload=x>')]],
  ])('%s', (_name, line, expected) => {
    expect(parseAnsi(line)).toEqual(expected)
  })

  it('gives plain text', () => {
    expect(plainText(`${E}1mWarning:${E}0m low\rdisk`)).toBe('disk')
    expect(plainText('no escape')).toBe('no escape')
  })

  it('is linear on hostile input', () => {
    const line = `${E}31m`.repeat(20_000) + 'x'
    expect(parseAnsi(line)).toEqual([seg('x', { fg: 1 })])
  })
})
