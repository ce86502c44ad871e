import { expect, it, vi } from 'vitest'
import { useSending } from './sending'

class Refused extends Error {
  byField = () => ({ name: 'Taken.' })
}

it('says at the field what is shown there, and nowhere else', async () => {
  const { refused, trouble, busy, send } = useSending(() => ['name'])
  await send(() => Promise.reject(new Refused('Not valid.')), vi.fn())
  expect(refused.value).toEqual({ name: 'Taken.' })
  expect(trouble.value).toBe('')
  expect(busy.value).toBe(false)
})

it('tells what no shown field can say', async () => {
  const tell = vi.fn()
  const { refused, trouble, send } = useSending(() => ['path'], tell)
  await send(() => Promise.reject(new Refused('Not valid.')), vi.fn())
  expect(refused.value).toEqual({ name: 'Taken.' })
  expect(trouble.value).toBe('Not valid.')
  expect(tell).toHaveBeenCalledOnce()
})

it('forgets what was refused before, and hands on the answer', async () => {
  const { refused, trouble, send } = useSending(() => [])
  const done = vi.fn()
  await send(() => Promise.reject(new Refused('Not valid.')), done)
  await send(() => Promise.resolve(7), done)
  expect(done).toHaveBeenCalledExactlyOnceWith(7)
  expect(refused.value).toEqual({})
  expect(trouble.value).toBe('')
})
