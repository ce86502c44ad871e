import { describe, expect, it } from 'vitest'
import { hooksOf } from '@/features/hooks/hooks'
import { policyOf } from '@/features/policy/policy'
import { changeOf, differences, merge, requirementsOf, type Draft } from './draft'

const draft = (over: Partial<Draft> = {}): Draft => ({
  name: 'Clean up',
  language: 'python',
  code: 'print(1)\n',
  description: '',
  tags: ['a'],
  folder: '',
  category: null,
  parameters: [],
  requirements: [],
  timeout_s: null,
  network: true,
  hooks: hooksOf({}),
  ...policyOf({}),
  ...over,
})
const parameter = { key: 'A', label: '', type: 'text', required: false, default: null } as const

describe('differences', () => {
  it.each<[string, Partial<Draft>, string[]]>([
    ['nothing', {}, []],
    ['code', { code: 'print(2)\n' }, ['code']],
    ['spaces around a name are no change', { name: ' Clean up ' }, []],
    ['spaces in code are', { code: 'print(1) \n' }, ['code']],
    ['another folder, and a category', { folder: 'ops', category: 'Daily' }, ['folder', 'category']],
    ['order of tags', { tags: ['b', 'a'] }, ['tags']],
    ['a limit taken away', { timeout_s: 5, network: false }, ['timeout_s', 'network']],
    ['a hook', { hooks: { before: { code: 'true', shell: true }, after: null } }, ['hooks']],
    ['a new parameter', { parameters: [{ ...parameter }] }, ['parameters']],
  ])('%s', (_name, over, fields) => {
    expect(differences(draft(over), draft())).toEqual(fields)
  })

  it('does not take a left-out option for a change', () => {
    const full = {
      ...parameter,
      help: '',
      placeholder: '',
      options: [],
      min: null,
      regex: null,
      min_length: null,
      max_length: null,
    }
    expect(differences(draft({ parameters: [{ ...parameter }] }), draft({ parameters: [full] }))).toEqual([])
  })
})

describe('changeOf', () => {
  it('names only what changed, and the version that it was based on', () => {
    expect(changeOf(draft({ code: 'x', timeout_s: 9 }), draft(), 7, ' why ')).toEqual({
      base_version: 7,
      note: 'why',
      code: 'x',
      timeout_s: 9,
    })
  })
})

describe('merge', () => {
  const base = draft()
  it.each<[string, Partial<Draft>, Partial<Draft>, Partial<Draft>, string[]]>([
    [
      'I changed one thing, they another',
      { code: 'mine' },
      { tags: ['b'] },
      { code: 'mine', tags: ['b'] },
      [],
    ],
    ['only they changed', {}, { code: 'theirs' }, { code: 'theirs' }, []],
    ['both changed the same thing', { code: 'mine' }, { code: 'theirs' }, { code: 'mine' }, ['code']],
    ['both made the same change', { code: 'same' }, { code: 'same' }, { code: 'same' }, []],
    [
      'two fields, one in conflict',
      { code: 'mine', network: false },
      { code: 'theirs', timeout_s: 5 },
      { code: 'mine', network: false, timeout_s: 5 },
      ['code'],
    ],
  ])('%s', (_name, mine, theirs, merged, conflicts) => {
    expect(merge(base, draft(mine), draft(theirs))).toEqual({ merged: draft(merged), conflicts })
  })
})

describe('requirementsOf', () => {
  it.each<[string, string[]]>([
    ['pandas\n\n# why\n requests>=2 \npandas', ['pandas', 'requests>=2']],
    ['', []],
  ])('%j', (text, lines) => {
    expect(requirementsOf(text)).toEqual(lines)
  })
})
