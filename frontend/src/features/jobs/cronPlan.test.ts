import { describe, expect, it } from 'vitest'
import { cronOf, HOUR_STEPS, MINUTE_STEPS, planOf, switched, type CronPlan } from './cronPlan'

describe('the common cases of a cron expression', () => {
  it.each<[CronPlan, string]>([
    [{ kind: 'minutes', every: 1 }, '* * * * *'],
    [{ kind: 'minutes', every: 15 }, '*/15 * * * *'],
    [{ kind: 'hours', every: 1, minute: 5 }, '5 * * * *'],
    [{ kind: 'hours', every: 6, minute: 30 }, '30 */6 * * *'],
    [{ kind: 'day', at: '09:05' }, '5 9 * * *'],
    [{ kind: 'week', days: [1, 2, 3, 4, 5], at: '18:00' }, '0 18 * * 1-5'],
    [{ kind: 'week', days: [0], at: '00:00' }, '0 0 * * 0'],
    [{ kind: 'week', days: [0, 2, 3, 6], at: '07:00' }, '0 7 * * 0,2,3,6'],
    [{ kind: 'month', day: 31, at: '23:59' }, '59 23 31 * *'],
    [{ kind: 'month', day: 'L', at: '12:00' }, '0 12 L * *'],
  ])('%j is %s, and read back the same', (plan, cron) => {
    expect(cronOf(plan)).toBe(cron)
    expect(planOf(cron)).toEqual(plan)
  })

  it.each<[string, CronPlan]>([
    ['0 9 * * mon-fri', { kind: 'week', days: [1, 2, 3, 4, 5], at: '09:00' }],
    ['0 9 * * 7', { kind: 'week', days: [0], at: '09:00' }],
    ['0 9 * * 5-7', { kind: 'week', days: [0, 5, 6], at: '09:00' }],
    ['  0   9 * * SUN,wed ', { kind: 'week', days: [0, 3], at: '09:00' }],
  ])('%s is read as people mean it', (cron, plan) => {
    expect(planOf(cron)).toEqual(plan)
  })

  it.each([
    '',
    '@daily',
    '0 0 9 * * *',
    '*/7 * * * *',
    '0 */5 * * *',
    '0 9 1 * 1',
    '0 9 * 1 *',
    '0,30 9 * * *',
    '60 9 * * *',
    '0 24 * * *',
    '0 9 * * 1-2-3',
    '0 9 * * 5-1',
    '0 9 32 * *',
    '0 9 0 * *',
    '0 9 15W * *',
    '0 9 * * fri#2',
    'H * * * *',
  ])('%j is custom', (cron) => {
    expect(planOf(cron)).toEqual({ kind: 'custom' })
  })

  it('offers only steps that come out even', () => {
    expect(MINUTE_STEPS.every((step) => 60 % step === 0)).toBe(true)
    expect(HOUR_STEPS.every((step) => 24 % step === 0)).toBe(true)
  })

  it('keeps the time of day from one case to another', () => {
    expect(switched({ kind: 'day', at: '17:45' }, 'week')).toMatchObject({ kind: 'week', at: '17:45' })
    expect(switched({ kind: 'minutes', every: 5 }, 'day')).toEqual({ kind: 'day', at: '09:00' })
    expect(switched({ kind: 'day', at: '17:45' }, 'minutes')).toEqual({ kind: 'minutes', every: 15 })
  })
})
