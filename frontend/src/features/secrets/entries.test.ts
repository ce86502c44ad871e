import { expect, it } from 'vitest'
import type { Entry, Level } from './api'
import { grouped, stagesIn, standsIn } from './entries'

const entry = (name: string, level: Level, stage: string | null, script_name: string | null = null) =>
  ({ id: `${name} ${level} ${stage}`, name, level, stage, script_name, project: 'default' }) as Entry

it('puts the values of a name together, the nearest first and a stage before every stage', () => {
  const found = grouped([
    entry('A', 'global', null),
    entry('B', 'project', null),
    entry('A', 'project', null),
    entry('A', 'project', 'prod'),
    entry('A', 'script', null, 'two'),
    entry('A', 'script', null, 'one'),
    entry('A', 'global', 'dev'),
  ])
  expect(found.map(({ name }) => name)).toEqual(['A', 'B'])
  expect(found[0]?.entries.map((one) => [one.level, one.stage, one.script_name])).toEqual([
    ['script', null, 'one'],
    ['script', null, 'two'],
    ['project', 'prod', null],
    ['project', null, null],
    ['global', 'dev', null],
    ['global', null, null],
  ])
})

it.each([
  ['', null, true],
  ['', 'dev', true],
  ['dev', 'dev', true],
  ['dev', null, true],
  ['dev', 'prod', false],
])('in stage %j a value for %j stands: %j', (stage, of, stands) => {
  expect(standsIn({ stage: of }, stage)).toBe(stands)
})

it('reads stages', () => {
  expect(stagesIn(' Dev, staging，prod dev ')).toEqual(['dev', 'staging', 'prod'])
  expect(stagesIn('')).toEqual([])
})
