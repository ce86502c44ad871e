import { describe, expect, it } from 'vitest'
import type { Permission } from './api'
import { byNoun, sayPermission } from './permissions'

describe('permissions', () => {
  it('are said in words, and unknown ones by their names', () => {
    expect(sayPermission('script:write')).toBe('Write scripts')
    expect(sayPermission('moon:walk')).toBe('moon:walk')
  })

  it('stand together by their nouns, in their order', () => {
    const names = ['run:read', 'script:read', 'run:submit'] as Permission[]
    expect(byNoun(names.map((name) => ({ name })))).toEqual([
      ['run', [{ name: 'run:read' }, { name: 'run:submit' }]],
      ['script', [{ name: 'script:read' }]],
    ])
  })
})
