import { mount } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import QrCode from './QrCode.vue'
import { grouped } from '@/features/auth/enrolment'
import { useFactorTask, type Task } from './secondFactor'

const post = vi.hoisted(() => vi.fn())
vi.mock('@/api/client', () => ({ client: { POST: post }, ask: (answer: unknown) => answer }))
beforeEach(() => post.mockReset())

function begun(task: Task) {
  const close = vi.fn()
  let made!: ReturnType<typeof useFactorTask>
  mount(
    {
      setup: () => {
        made = useFactorTask(task, close)
        return () => null
      },
    },
    { global: { plugins: [[VueQueryPlugin, { queryClient: new QueryClient() }]] } },
  )
  return { ...made, close }
}

it('sets up by the password, then a code of the app, and shows recovery codes', async () => {
  const { stage, password, code, secret, codes, refused, ready, next, close } = begun('set up')
  expect(ready.value).toBe(false)
  password.value = 'mine'
  post.mockResolvedValueOnce({ secret: 'ABCDEFGH', uri: 'otpauth://totp/x' })
  await next()
  expect([stage.value, secret.value.secret]).toEqual(['app', 'ABCDEFGH'])
  code.value = ' 123456 '
  post.mockRejectedValueOnce(
    new Problem(422, { code: 'wrong_code', errors: [{ field: 'code', message: 'no', code: 'wrong_code' }] }),
  )
  await next()
  expect([stage.value, refused.value.code]).toEqual(['app', 'no'])
  post.mockResolvedValueOnce({ recovery_codes: ['aaaa', 'bbbb'] })
  await next()
  expect([stage.value, codes.value]).toEqual(['codes', ['aaaa', 'bbbb']])
  expect(post).toHaveBeenLastCalledWith('/api/v1/me/second-factor/confirm', { body: { code: '123456' } })
  await next()
  expect(close).toHaveBeenCalledOnce()
})

it('asks for nothing but the password for new codes and for turning it off', async () => {
  const renewing = begun('new codes')
  renewing.password.value = 'mine'
  post.mockResolvedValueOnce({ recovery_codes: ['cccc'] })
  await renewing.next()
  expect(renewing.stage.value).toBe('codes')
  const dropping = begun('turn off')
  dropping.password.value = 'wrong'
  post.mockRejectedValueOnce(new Problem(429, { code: 'too_many_attempts' }))
  await dropping.next()
  expect(dropping.trouble.value).toContain('Too many')
  expect(dropping.close).not.toHaveBeenCalled()
})

it.each([
  ['', ''],
  ['ABCD', 'ABCD'],
  ['ABCDEFGHI', 'ABCD EFGH I'],
])('writes %j as %j', (secret, text) => {
  expect(grouped(secret)).toBe(text)
})

it('draws a square picture with the three marks of its corners', () => {
  const picture = mount(QrCode, {
    props: { text: 'otpauth://totp/Runyard:ada?secret=ABC', label: 'a picture' },
  })
  const [, , width, height] = (picture.attributes('viewBox') ?? '').split(' ')
  expect(width).toBe(height)
  expect(Number(width)).toBeGreaterThan(24)
  expect(picture.find('path').attributes('d')).toMatch(/^M\d+ \d+h\d+v1h-\d+z/)
  expect(picture.attributes('aria-label')).toBe('a picture')
})
