import { expect, it } from 'vitest'
import type { Definition } from '@/ui/form/definition'
import { accepted, proposalsOf } from './proposals'

const field = (key: string, over: Partial<Definition> = {}): Definition => ({
  key,
  label: '',
  type: 'text',
  required: false,
  default: null,
  ...over,
})
const found = (key: string, over: object = {}) => ({
  definition: { key, ...over },
  line: 3,
  parser: 'argparse',
  note: '',
})

it('tells what is new, what would change and what is there already', () => {
  const proposals = proposalsOf(
    [found('A'), found('B', { type: 'number' as const }), found('C')],
    [field('A'), field('B')],
  )
  expect(proposals.map((one) => [one.definition.key, one.kind])).toEqual([
    ['A', 'same'],
    ['B', 'changed'],
    ['C', 'new'],
  ])
})

it('replaces in place and adds at the end', () => {
  const now = [field('B', { label: 'old' }), field('Z')]
  const proposals = proposalsOf([found('C'), found('B', { label: 'new' })], now)
  expect(accepted(now, proposals).map((one) => [one.key, one.label])).toEqual([
    ['B', 'new'],
    ['Z', ''],
    ['C', ''],
  ])
  expect(accepted(now, [])).toEqual(now)
})
