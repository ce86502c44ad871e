import { expect, it } from 'vitest'
import { hooksOf } from '@/features/hooks/hooks'
import { policyOf } from '@/features/policy/policy'
import type { Draft } from './draft'
import { partsOf } from './settingRows'

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
const limits = { ...policyOf({}).limits, cpu: 2, memory_mb: 512 }

it('says nothing where nothing differs', () => {
  expect(partsOf(draft(), draft())).toEqual({ texts: [], settings: [] })
})

it('keeps texts apart from settings, the code first', () => {
  const { texts, settings } = partsOf(draft(), draft({ requirements: ['rich'], code: 'x', retries: 2 }))
  expect(texts).toEqual(['code', 'requirements'])
  expect(settings).toHaveLength(1)
})

it.each<[string, Partial<Draft>, string, string]>([
  ['a time limit', { timeout_s: 90 }, 'No limit', '1 m 30 s'],
  ['the network', { network: false }, 'on', 'off'],
  ['limits', { limits }, '–', '2 cores\n512 MiB memory'],
  [
    'concurrency',
    { concurrency: { key: 'crawl', limit: 3, policy: 'skip' } },
    '–',
    'at most 3 at once · refuse the new run · crawl',
  ],
  ['places', { egress: ['example.com'] }, 'everywhere', 'example.com'],
  ['directories', { mounts: [{ source: '/srv', target: '/data', mode: 'ro' }] }, '–', '/srv → /data (ro)'],
  ['tags', { tags: ['a', 'b'] }, 'a', 'a, b'],
  ['a category', { category: 'Daily' }, '–', 'Daily'],
])('says in words what changed of %s', (_name, over, a, b) => {
  expect(partsOf(draft(), draft(over)).settings).toEqual([expect.objectContaining({ a, b })])
})
