import { describe, expect, it } from 'vitest'
import { createSseParser, type ServerEvent } from './sse'

function read(chunks: string[], lastId = '') {
  const parser = createSseParser(lastId)
  return { events: chunks.flatMap((chunk) => parser.push(chunk)), parser }
}

const line = (n: number, text: string): ServerEvent => ({ event: 'log', data: text, id: String(n) })
const WHOLE =
  '\ufeff: hello\r\nretry: 1500\r\n\r\nevent: log\r\nid: 1\r\ndata: first\r\ndata: second\r\n\r\n' +
  'event: log\nid: 2\ndata:no space\n\nevent:state\rdata: {"a":1}\r\r'
const EXPECTED = [line(1, 'first\nsecond'), line(2, 'no space'), { event: 'state', data: '{"a":1}', id: '2' }]

describe('createSseParser', () => {
  it('reads a whole stream', () => {
    const { events, parser } = read([WHOLE])
    expect(events).toEqual(EXPECTED)
    expect(parser.lastId).toBe('2')
    expect(parser.retry).toBe(1500)
  })

  it('gives the same events for every chunk border', () => {
    for (let cut = 0; cut <= WHOLE.length; cut++) {
      expect(read([WHOLE.slice(0, cut), WHOLE.slice(cut)]).events, `cut at ${String(cut)}`).toEqual(EXPECTED)
    }
  })

  it('gives the same events character by character', () => {
    expect(read([...WHOLE]).events).toEqual(EXPECTED)
  })

  it.each<[string, string[], ServerEvent[]]>([
    ['an event without data is no event', ['event: log\n\n'], []],
    ['empty data is data', ['data\n\n'], [{ event: 'message', data: '', id: '' }]],
    ['an unfinished event waits', ['data: x\n'], []],
    ['comments are ignored', [': ping\n\n: ping\n\ndata: x\n\n'], [{ event: 'message', data: 'x', id: '' }]],
    ['only one space is cut off', ['data:  x\n\n'], [{ event: 'message', data: ' x', id: '' }]],
    [
      'an id holds for later events',
      ['id: 7\ndata: a\n\ndata: b\n\n'],
      [
        { event: 'message', data: 'a', id: '7' },
        { event: 'message', data: 'b', id: '7' },
      ],
    ],
    ['unknown fields are ignored', ['what: x\ndata: y\n\n'], [{ event: 'message', data: 'y', id: '' }]],
  ])('%s', (_name, chunks, expected) => {
    expect(read(chunks).events).toEqual(expected)
  })

  it('starts from an earlier id', () => {
    expect(read(['data: x\n\n'], '41').events[0]?.id).toBe('41')
  })
})
