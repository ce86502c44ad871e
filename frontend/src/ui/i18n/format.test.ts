import { afterEach, describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatPercent, formatRelative, languageName } from './format'
import { speak } from './index'

afterEach(() => speak('en'))

describe('formatDuration', () => {
  it.each([
    [null, '–'],
    [Number.NaN, '–'],
    [-3, '0 ms'],
    [0.0842, '84 ms'],
    [1, '1.0 s'],
    [4.29, '4.2 s'],
    [59.9, '59 s'],
    [60, '1 m'],
    [72.8, '1 m 12 s'],
    [3600, '1 h'],
    [7500, '2 h 5 m'],
    [86_400, '1 d'],
    [273_600, '3 d 4 h'],
  ])('%s s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })

  it('leaves fractions out where it ticks', () => {
    expect([0.4, 3.9, 75].map((seconds) => formatDuration(seconds, true))).toEqual(['0 s', '3 s', '1 m 15 s'])
  })

  it('speaks Chinese', async () => {
    await speak('zh-CN')
    expect(formatDuration(72)).toBe('1 分 12 秒')
  })
})

describe('formatBytes', () => {
  it.each([
    [undefined, '–'],
    [0, '0 B'],
    [1023, '1,023 B'],
    [1536, '1.5 KB'],
    [150 * 1024 ** 2, '150 MB'],
    [25_276_502_016, '23.5 GB'],
  ])('%s is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

describe('formatRelative', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  it.each([
    ['2026-03-01T11:59:30Z', 'just now'],
    ['2026-03-01T12:00:30Z', 'just now'],
    ['2026-03-01T11:57:00Z', '3 minutes ago'],
    ['2026-03-01T10:00:00Z', '2 hours ago'],
    ['2026-02-28T11:00:00Z', 'yesterday'],
    ['2026-03-01T14:00:00Z', 'in 2 hours'],
    ['2025-01-01T00:00:00Z', 'last year'],
  ])('%s is %s', (time, text) => {
    expect(formatRelative(time, now)).toBe(text)
  })

  const seconds = { minute: 60, hour: 3600, day: 86_400, week: 604_800, month: 2_629_800, year: 31_557_600 }
  const every = Object.entries(seconds).flatMap(([unit, size]) =>
    [-3, -2, -1, 1, 2, 3].map((count) => [unit, count, size] as const),
  )

  it.each(every)('says %s %i as the browser would', async (unit, count, size) => {
    const time = new Date(now + count * size * 1000)
    for (const language of ['en', 'zh-CN'] as const) {
      await speak(language)
      const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
      const theirs = format.format(count, unit as Intl.RelativeTimeFormatUnit)
      // Chinese has a word for the day before yesterday; here figures stand apart from words, too.
      const plain = theirs.replace('前天', '2天前').replace('后天', '2天后').replaceAll(/\s/g, '')
      expect(formatRelative(time, now).replaceAll(/\s/g, '')).toBe(plain)
    }
  })
})

it('formats shares and names languages, known or not', () => {
  expect(formatPercent(0.4567)).toBe('46%')
  expect(formatPercent(0.4567, 1)).toBe('45.7%')
  expect([languageName('javascript'), languageName('fortran')]).toEqual(['JavaScript', 'fortran'])
})
