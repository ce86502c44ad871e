import { describe, expect, it } from 'vitest'
import { grouped, sayFact, sayValue, type Fact } from './security'

const fact = (key: string, value: Fact['value'], group: Fact['group'] = 'network'): Fact => ({
  group,
  key,
  value,
  setting: null,
  variable: null,
})

describe('what guards the installation', () => {
  it('stands by group, in the order in which it came', () => {
    const facts = [fact('host', 'x'), fact('shortest', 8, 'passwords'), fact('allow_from', [])]
    expect(grouped(facts).map((group) => [group.name, group.facts.length])).toEqual([
      ['network', 2],
      ['passwords', 1],
    ])
  })

  it.each([
    ['allow_from', [], 'everybody'],
    ['cors_origins', [], 'none'],
    ['public_url', '', 'none'],
    ['redis_url', false, 'no'],
    ['limits.body', 4 * 1024 * 1024, '4'],
    ['access.access_token_s', 900, '15'],
    ['keys.wrapper', 'file', 'A file in the data directory'],
    ['keys.wrapper', 'a new kind', 'a new kind'],
    ['rates.authentication', '120/minute', '120/minute'],
    ['shortest', 8, '8'],
  ] as const)('%s %j is said', (key, value, said) => {
    const lines = sayValue(fact(key, value as Fact['value']))
    expect(lines).toHaveLength(1)
    expect(lines[0]?.text).toContain(said)
  })

  it('lists have a line for each entry, and so has the policy', () => {
    expect(sayValue(fact('allow_from', ['10.0.0.0/8', '::1']))).toHaveLength(2)
    expect(sayValue(fact('content_policy', "default-src 'self'; object-src 'none'"))).toHaveLength(2)
  })

  it('what has no name here goes by its key', () => {
    expect(sayFact(fact('rates.user', ''))).toBe('The whole API, by user')
    expect(sayFact(fact('something.new', ''))).toBe('something.new')
  })
})
