import { expect, it } from 'vitest'
import type { Comparison, Run } from '@/api/types'
import { changesOf, figureRows, outputText, packageRows, parameterRows, settingRows } from './comparison'
import { changeText } from './compared/names'

const comparison = (over: Partial<Comparison>): Comparison => ({
  a_id: 'a',
  b_id: 'b',
  changed: [],
  code: { a: '', b: '', a_version: 1, b_version: 1, diff: [], same: true },
  environment_names: { both: [], only_a: [], only_b: [] },
  figures: [],
  outputs: { a: null, b: null, diff: [], same: true },
  packages: { a_environment_id: null, b_environment_id: null, differ: [], same: true },
  parameters: [],
  settings: [],
  ...over,
})

it('tells a measurement that moved from one that only trembled', () => {
  const rows = figureRows(
    comparison({
      figures: [
        { name: 'duration_s', a: 10, b: 10.5, change: 1.05 },
        { name: 'cpu_s', a: 2, b: 5, change: 2.5 },
        { name: 'exit_code', a: 0, b: 1, change: null },
        { name: 'attempt', a: 1, b: 1, change: 1 },
        { name: 'memory_peak_mb', a: null, b: null, change: null },
        { name: 'output_bytes', a: null, b: 2048, change: null },
      ],
    }),
  )
  expect(rows.map((row) => [row.same, row.a, row.b])).toEqual([
    [true, '10 s', '10 s'],
    [false, '2.0 s', '5.0 s'],
    [false, '0', '1'],
    [true, '1', '1'],
    [false, '–', '2 KB'],
  ])
  expect(rows[1]?.change).toContain('2.5')
  expect(rows[2]?.change).toBe('')
})

it('shows values as one line, and none as a dash', () => {
  expect(
    parameterRows(
      comparison({
        parameters: [
          { key: 'A', a: { x: 1 }, b: null, same: false },
          { key: 'B', a: 'x', b: 'x', same: true },
        ],
      }),
    ),
  ).toMatchObject([
    { name: 'A', a: '{"x":1}', b: '–', same: false },
    { name: 'B', a: 'x', b: 'x', same: true },
  ])
})

it('names a package that one side lacks', () => {
  const packages = {
    a_environment_id: null,
    b_environment_id: null,
    same: false,
    differ: [{ name: 'pip', a: null, b: '25' }],
  }
  expect(packageRows(comparison({ packages }))).toMatchObject([{ name: 'pip', a: '–', b: '25' }])
})

it('compares outputs as text', () => {
  expect(outputText(null)).toBe('')
  expect(outputText({ a: 1 })).toBe('{\n  "a": 1\n}')
})

it('says settings in words, and which are the script’s own', () => {
  const settings = [
    { name: 'network', a: true, b: false },
    { name: 'option retry_delay_s', a: null, b: 1 },
    { name: 'option unheard_of', a: 1, b: 2 },
  ]
  expect(settingRows(comparison({ settings })).map((row) => row.name)).toEqual([
    'Network',
    'the script’s Delay before a retry',
    'the script’s unheard_of',
  ])
  expect(changeText({ what: 'settings', detail: 'limits, option limits' })).toBe(
    'Limits, the script’s Limits',
  )
})

it('leaves names and versions of a change as they are', () => {
  expect(changeText({ what: 'code', detail: 'another text' })).toBe('another text')
  expect(changeText({ what: 'code', detail: 'version 1 → 2' })).toBe('version 1 → 2')
  expect(changeText({ what: 'labels', detail: 'another worker' })).toBe('another worker')
})

it('names the scripts where two of them are compared', () => {
  const run = (script: string, version: number | null): Run =>
    ({ script_id: script, script_name: script.toUpperCase(), version }) as Run
  const changed: Comparison['changed'] = [
    { what: 'code', detail: 'version 1 → 1' },
    { what: 'worker', detail: 'another worker' },
  ]
  const told = (a?: Run, b?: Run) => changesOf(comparison({ changed }), a, b).map(({ detail }) => detail)
  expect(told(run('a', 1), run('b', null))).toEqual(['A v1 → B unsaved text', 'another worker'])
  expect(told(run('a', 1), run('a', 2))).toEqual(['version 1 → 1', 'another worker'])
  expect(told(run('a', 1))).toEqual(['version 1 → 1', 'another worker'])
})
