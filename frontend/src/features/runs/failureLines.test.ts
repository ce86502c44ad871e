import { describe, expect, it } from 'vitest'
import type { LogLine } from '@/api/types'
import { lastLines } from './failureLines'

const line = (n: number, stream: LogLine['stream'], text = `line ${String(n)}`): LogLine => ({
  n,
  t: '',
  stream,
  text,
})

describe('lastLines', () => {
  it('prefers standard error', () => {
    const tail = [line(1, 'stderr'), line(2, 'stdout'), line(3, 'stderr'), line(4, 'system')]
    expect(lastLines(tail)).toEqual({ lines: [tail[0], tail[2]], errors: true })
  })

  it('takes any lines where standard error is silent', () => {
    const tail = [line(1, 'stdout'), line(2, 'stdout', '  ')]
    expect(lastLines(tail)).toEqual({ lines: [tail[0]], errors: false })
  })

  it('takes the last of many', () => {
    const tail = Array.from({ length: 100 }, (_, i) => line(i + 1, 'stderr'))
    expect(lastLines(tail).lines.map((one) => one.n)).toEqual(Array.from({ length: 14 }, (_, i) => i + 87))
  })

  it('is empty for silence', () => {
    expect(lastLines([]).lines).toEqual([])
  })
})
