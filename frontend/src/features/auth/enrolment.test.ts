import { beforeEach, expect, it, vi } from 'vitest'
import { useEnrolment } from './enrolment'

const { POST, secondFactorSet } = vi.hoisted(() => ({ POST: vi.fn(), secondFactorSet: vi.fn() }))
vi.mock('@/api/session', () => ({ secondFactorSet }))
vi.mock('@/api/client', () => ({ client: { POST }, ask: (answer: Promise<unknown>) => answer }))
beforeEach(() => {
  POST.mockReset()
  secondFactorSet.mockReset()
})

it('goes from the password to the app to the codes, and on only then', async () => {
  const done = vi.fn()
  const { step, fields, secret, codes, ready, next } = useEnrolment(done)
  expect(ready.value).toBe(false)
  await next()
  expect(POST).not.toHaveBeenCalled()

  fields.password = 'secret words'
  POST.mockResolvedValueOnce({ secret: 'ABCD', uri: 'otpauth://totp/x' })
  await next()
  expect([step.value, secret.value.secret, fields.password]).toEqual(['app', 'ABCD', ''])

  fields.code = ' 123456 '
  POST.mockResolvedValueOnce({ recovery_codes: ['one', 'two'] })
  await next()
  expect(POST).toHaveBeenLastCalledWith('/api/v1/me/second-factor/confirm', { body: { code: '123456' } })
  expect([step.value, codes.value]).toEqual(['codes', ['one', 'two']])
  // The codes are shown once: nobody is led on before they say that they have kept them.
  expect(secondFactorSet).not.toHaveBeenCalled()
  await next()
  expect(secondFactorSet).toHaveBeenCalledOnce()
  expect(done).toHaveBeenCalledOnce()
})
