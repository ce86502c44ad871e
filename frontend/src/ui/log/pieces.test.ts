import { describe, expect, it } from 'vitest'
import { parseAnsi } from './ansi'
import { piecesOf } from './pieces'

const brief = (line: string, query = '', limit?: number) =>
  piecesOf(parseAnsi(line), query, limit).map((piece) =>
    piece.hit ? `[${piece.text}]` : piece.href ? `<${piece.text}>` : piece.text,
  )

describe('piecesOf', () => {
  it.each<[string, string, string, string[]]>([
    ['no query', 'plain', '', ['plain']],
    ['one hit', 'an Error here', 'error', ['an ', '[Error]', ' here']],
    ['hits side by side', 'aaaa', 'aa', ['[aa]', '[aa]']],
    ['a hit over a colour border', '\u001b[31mer\u001b[0mror', 'error', ['[er]', '[ror]']],
    ['a link', 'see https://a.example/x?y=1.', '', ['see ', '<https://a.example/x?y=1>', '.']],
    ['a link in brackets', '(http://a.example)', '', ['(', '<http://a.example>', ')']],
    ['no other scheme', 'javascript:alert(1)', '', ['javascript:alert(1)']],
    ['hit text keeps its regex signs', 'a.b a+b', 'a+b', ['a.b ', '[a+b]']],
  ])('%s', (_name, line, query, expected) => {
    expect(brief(line, query)).toEqual(expected)
  })

  it('keeps the whole address for a link that is cut by a hit', () => {
    const pieces = piecesOf(parseAnsi('https://a.example/path'), 'example')
    expect(pieces.map((piece) => piece.text)).toEqual(['https://a.', 'example', '/path'])
    expect(new Set(pieces.map((piece) => piece.href))).toEqual(new Set(['https://a.example/path']))
  })

  it('cuts at the limit', () => {
    expect(brief('x'.repeat(50), '', 10)).toEqual(['x'.repeat(10)])
  })
})
