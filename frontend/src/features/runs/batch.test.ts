import { expect, it, vi } from 'vitest'
import type { BatchResult } from '@/api/types'
import { bodyOf, doWhole } from './batch'

const answer = (done: number, more: boolean, refused = 0): BatchResult => ({
  done,
  more,
  ids: [],
  refused: Array.from({ length: refused }, (_, i) => ({ id: String(i), code: 'kept', message: '' })),
})

it('names runs, or closes the filter at the moment one is asked', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  expect(bodyOf('cancel', { ids: ['a'] }, now)).toEqual({ action: 'cancel', ids: ['a'] })
  expect(bodyOf('delete', { filter: { project: 'default', state: ['failed'] } }, now)).toEqual({
    action: 'delete',
    filter: { project: 'default', state: ['failed'], until: '2026-01-01T00:00:00.000Z' },
  })
})

it('goes on until nothing is left', async () => {
  const send = vi.fn().mockResolvedValueOnce(answer(5000, true)).mockResolvedValueOnce(answer(12, false))
  const told: number[] = []
  const result = await doWhole({ action: 'delete', filter: {} } as never, send, (n) => told.push(n))
  expect(result).toEqual({ done: 5012, refused: 0 })
  expect(told).toEqual([5000, 5012])
})

it('stops where only refused ones are left', async () => {
  const send = vi
    .fn()
    .mockResolvedValueOnce(answer(3, true))
    .mockResolvedValueOnce(answer(0, true, 7))
  expect(await doWhole({ action: 'delete', filter: {} } as never, send)).toEqual({ done: 3, refused: 7 })
})

it('never runs the same ones again twice', async () => {
  const send = vi.fn().mockResolvedValue(answer(500, true))
  expect(await doWhole({ action: 'retry', filter: {} } as never, send)).toEqual({ done: 500, refused: 0 })
  expect(send).toHaveBeenCalledTimes(1)
})
