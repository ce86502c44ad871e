import { describe, expect, it } from 'vitest'
import { hooksOf, withHook } from './hooks'

describe('hooksOf', () => {
  it('fills in what the server leaves out', () => {
    expect(hooksOf({})).toEqual({ before: null, after: null })
    expect(hooksOf({ hooks: { before: { code: 'true' } } })).toEqual({
      before: { code: 'true', shell: true },
      after: null,
    })
    expect(hooksOf({ hooks: { after: { code: 'x', shell: false } } }).after?.shell).toBe(false)
  })
})

describe('withHook', () => {
  const none = { before: null, after: null }

  it('writes one in shell unless it says otherwise', () => {
    expect(withHook(none, 'before', { code: 'true' })).toEqual({
      before: { code: 'true', shell: true },
      after: null,
    })
  })

  it('takes away one without a word', () => {
    const some = withHook(none, 'after', { code: 'true', shell: false })
    expect(withHook(some, 'after', { code: '  \n' })).toEqual(none)
  })

  it('leaves the other one alone', () => {
    const some = withHook(none, 'before', { code: 'a' })
    expect(withHook(some, 'after', { code: 'b' }).before).toEqual({ code: 'a', shell: true })
  })
})
