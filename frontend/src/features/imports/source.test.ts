import { describe, expect, it } from 'vitest'
import { bodyOf, NEW_FORM } from './source'

describe('bodyOf', () => {
  it('leaves out what stands empty', () => {
    expect(
      bodyOf('git', { ...NEW_FORM, url: ' https://git.example.org/a.git ', ref: '  ' }, 'default'),
    ).toEqual({
      kind: 'git',
      url: 'https://git.example.org/a.git',
      project: 'default',
      keep: true,
      every_s: 3600,
    })
  })

  it('sets no timer for what is never to be looked at', () => {
    expect(bodyOf('git', { ...NEW_FORM, url: 'u', every: 'never' }, 'p').every_s).toBeNull()
  })

  it('says nothing of a timer for what is taken once', () => {
    expect(bodyOf('git', { ...NEW_FORM, url: 'u', keep: false }, 'p')).not.toHaveProperty('every_s')
  })

  it('takes no branch, path or user name along for a Gist', () => {
    const form = {
      ...NEW_FORM,
      url: 'u',
      ref: 'main',
      path: 'jobs',
      username: 'me',
      token: 't',
      entry: 'a.py',
    }
    expect(bodyOf('gist', form, 'p')).toEqual({
      kind: 'gist',
      url: 'u',
      project: 'p',
      keep: true,
      every_s: 3600,
      token: 't',
      entry: 'a.py',
    })
  })

  it('names a user only together with a token', () => {
    const form = { ...NEW_FORM, url: 'u', username: 'me' }
    expect(bodyOf('git', form, 'p')).not.toHaveProperty('username')
    expect(bodyOf('git', { ...form, token: 't' }, 'p')).toMatchObject({ username: 'me', token: 't' })
  })
})
