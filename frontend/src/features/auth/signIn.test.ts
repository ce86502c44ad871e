import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { useSignIn } from './signIn'

const login = vi.hoisted(() => vi.fn())
vi.mock('@/api/session', () => ({ login }))
beforeEach(() => login.mockReset())

function form(done = vi.fn()) {
  const made = useSignIn(done)
  Object.assign(made.fields, { username: ' ada ', password: 'secret words' })
  return { ...made, done }
}

it('sends nothing of an empty form', async () => {
  const empty = useSignIn(vi.fn())
  expect(await empty.submit()).toBe(false)
  expect(empty.trouble.value).not.toBe('')
  expect(login).not.toHaveBeenCalled()
})

it('asks for a code where the server does, and sends all three', async () => {
  const { fields, step, trouble, submit, done } = form()
  login.mockRejectedValueOnce(new Problem(401, { code: 'second_factor_needed' }))
  expect(await submit()).toBe(false)
  expect([step.value, trouble.value]).toEqual(['code', ''])
  expect(await submit()).toBe(false)
  expect(login).toHaveBeenCalledTimes(1)
  fields.code = ' 123 456 '
  login.mockRejectedValueOnce(new Problem(401, { code: 'wrong_code' }))
  expect(await submit()).toBe(false)
  expect([step.value, trouble.value]).toEqual(['code', 'The code is wrong, or was used already.'])
  login.mockResolvedValueOnce(undefined)
  expect(await submit()).toBe(true)
  expect(login).toHaveBeenLastCalledWith('ada', 'secret words', '123 456')
  expect(done).toHaveBeenCalledOnce()
})

it('forgets password and code on the way back', async () => {
  const { fields, step, submit, back } = form()
  login.mockRejectedValueOnce(new Problem(401, { code: 'second_factor_needed' }))
  await submit()
  fields.code = '1'
  back()
  expect([step.value, fields.password, fields.code, fields.username]).toEqual(['password', '', '', ' ada '])
})
