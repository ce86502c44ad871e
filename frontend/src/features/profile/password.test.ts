import { beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { usePasswordForm } from './password'

const post = vi.hoisted(() => vi.fn())
vi.mock('@/api/client', () => ({ client: { POST: post }, ask: (answer: unknown) => answer }))
beforeEach(() => post.mockReset())

it('says nothing before it was tried, then what is missing, and sends nothing', async () => {
  const form = usePasswordForm()
  expect(Object.values(form.faults.value).join('')).toBe('')
  form.fields.next = 'short'
  expect(await form.submit()).toBe(false)
  expect(form.faults.value).toEqual({
    current: 'Type your current password.',
    next: 'Use at least 8 characters.',
    again: 'The two do not match.',
  })
  expect(post).not.toHaveBeenCalled()
})

it('sends a whole form once, and forgets what was typed', async () => {
  const form = usePasswordForm()
  Object.assign(form.fields, { current: 'old one', next: 'a new password', again: 'a new password' })
  post.mockResolvedValueOnce(undefined)
  expect(await form.submit()).toBe(true)
  expect(post).toHaveBeenCalledWith('/api/v1/me/password', {
    body: { current_password: 'old one', new_password: 'a new password' },
  })
  expect(form.fields).toEqual({ current: '', next: '', again: '' })
})

it('keeps what was typed and says why the server refused', async () => {
  const form = usePasswordForm()
  Object.assign(form.fields, { current: 'wrong', next: 'a new password', again: 'a new password' })
  post.mockRejectedValueOnce(new Problem(422, { code: 'wrong_password', detail: 'x' }))
  expect(await form.submit()).toBe(false)
  expect(form.trouble.value).toBe('The current password is wrong.')
  expect(form.fields.current).toBe('wrong')
})
