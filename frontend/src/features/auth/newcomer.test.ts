import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { useNewcomer, useNewPassword } from './newcomer'
import { tokenOf } from './token'

const login = vi.hoisted(() => vi.fn())
vi.mock('@/api/session', () => ({ login }))
beforeEach(() => login.mockReset())

it('sends nobody without a name and a password, and says why', async () => {
  const send = vi.fn()
  const { faults, submit } = useNewcomer(send, vi.fn())
  expect(faults.value).toEqual({})
  await submit()
  expect(Object.keys(faults.value)).toEqual(['username', 'password'])
  expect(send).not.toHaveBeenCalled()
})

it('logs somebody new in', async () => {
  const send = vi.fn().mockResolvedValue({ username: 'bob' })
  const done = vi.fn()
  const { fields, submit } = useNewcomer(send, done)
  Object.assign(fields, { username: ' bob ', password: 'long enough' })
  await submit()
  expect(send).toHaveBeenCalledWith({ username: 'bob', display_name: '', password: 'long enough' })
  expect(login).toHaveBeenCalledWith('bob', 'long enough')
  expect(done).toHaveBeenCalledOnce()
})

it('keeps the form of a name that is taken', async () => {
  const { fields, trouble, submit } = useNewcomer(
    vi.fn().mockRejectedValue(new Problem(409, { code: 'username_taken' })),
    vi.fn(),
  )
  Object.assign(fields, { username: 'bob', password: 'long enough' })
  await submit()
  expect(trouble.value).toBe('There is a user of that name already.')
  expect(fields.username).toBe('bob')
  expect(login).not.toHaveBeenCalled()
})

it('sets a password that was typed twice alike', async () => {
  const send = vi.fn().mockResolvedValue(undefined)
  const { fields, faults, isDone, submit } = useNewPassword(send)
  Object.assign(fields, { password: 'long enough', again: 'long enouhg' })
  await submit()
  expect([faults.value.again !== '', isDone.value]).toEqual([true, false])
  fields.again = fields.password
  await submit()
  expect(send).toHaveBeenCalledExactlyOnceWith('long enough')
  expect([isDone.value, fields.password]).toEqual([true, ''])
})

it.each([
  ['#abc-_', 'abc-_'],
  ['', ''],
  ['#', ''],
])('reads the token of %j', (hash, token) => {
  expect(tokenOf(hash)).toBe(token)
})
