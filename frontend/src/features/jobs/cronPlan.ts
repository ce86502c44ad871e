/** The common cases of a cron expression, each as a few fields; whatever else it says is `custom`. */
export type CronPlan =
  | { kind: 'minutes'; every: number }
  | { kind: 'hours'; every: number; minute: number }
  | { kind: 'day'; at: string }
  | { kind: 'week'; days: number[]; at: string }
  | { kind: 'month'; day: number | 'L'; at: string }
  | { kind: 'custom' }
export type PlanKind = CronPlan['kind']
export const PLAN_KINDS = ['minutes', 'hours', 'day', 'week', 'month', 'custom'] as const

/** Steps that come out even at the end of the hour, and of the day. */
export const MINUTE_STEPS = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30] as const
export const HOUR_STEPS = [1, 2, 3, 4, 6, 8, 12] as const

const START: Record<PlanKind, CronPlan> = {
  minutes: { kind: 'minutes', every: 15 },
  hours: { kind: 'hours', every: 1, minute: 0 },
  day: { kind: 'day', at: '09:00' },
  week: { kind: 'week', days: [1, 2, 3, 4, 5], at: '09:00' },
  month: { kind: 'month', day: 1, at: '09:00' },
  custom: { kind: 'custom' },
}

/** Another case, with the time of day that was already chosen. */
export function switched(from: CronPlan, to: PlanKind): CronPlan {
  const start = START[to]
  return 'at' in from && 'at' in start ? { ...start, at: from.at } : start
}

/** The expression of a case; null for `custom`, which is typed. */
export function cronOf(plan: CronPlan): string | null {
  switch (plan.kind) {
    case 'minutes':
      return plan.every === 1 ? '* * * * *' : `*/${String(plan.every)} * * * *`
    case 'hours':
      return plan.every === 1
        ? `${String(plan.minute)} * * * *`
        : `${String(plan.minute)} */${String(plan.every)} * * *`
    case 'day':
      return `${clock(plan.at)} * * *`
    case 'week':
      return `${clock(plan.at)} * * ${runsOf(plan.days)}`
    case 'month':
      return `${clock(plan.at)} ${String(plan.day)} * *`
    case 'custom':
      return null
  }
}

const NUMBER = /^\d{1,2}$/

/** The case that an expression is, where it is one of the common ones. */
export function planOf(cron: string): CronPlan {
  const fields = cron.trim().split(/\s+/)
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields
  if (fields.length !== 5 || month !== '*') return { kind: 'custom' }
  const isEveryDay = day === '*' && weekday === '*'
  const step = /^(?:\*|\*\/(\d{1,2}))$/
  const minutes = step.exec(minute)
  if (minutes && hour === '*' && isEveryDay) {
    const every = Number(minutes[1] ?? 1)
    return isOneOf(MINUTE_STEPS, every) ? { kind: 'minutes', every } : { kind: 'custom' }
  }
  if (!NUMBER.test(minute) || Number(minute) > 59) return { kind: 'custom' }
  const hours = step.exec(hour)
  if (hours && isEveryDay) {
    const every = Number(hours[1] ?? 1)
    return isOneOf(HOUR_STEPS, every) ? { kind: 'hours', every, minute: Number(minute) } : { kind: 'custom' }
  }
  if (!NUMBER.test(hour) || Number(hour) > 23) return { kind: 'custom' }
  const at = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
  if (isEveryDay) return { kind: 'day', at }
  if (day === '*') {
    const days = daysOf(weekday)
    return days ? { kind: 'week', days, at } : { kind: 'custom' }
  }
  if (weekday !== '*') return { kind: 'custom' }
  if (day === 'L') return { kind: 'month', day, at }
  const number = Number(day)
  return NUMBER.test(day) && number >= 1 && number <= 31
    ? { kind: 'month', day: number, at }
    : { kind: 'custom' }
}

const isOneOf = (steps: readonly number[], value: number) => steps.includes(value)

function clock(at: string): string {
  const [hour = '0', minute = '0'] = at.split(':')
  return `${String(Number(minute))} ${String(Number(hour))}`
}

/** `1-5`, `1,3,5`, `0`: neighbours as a run, where they are three or more. */
function runsOf(days: readonly number[]): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b)
  const runs: number[][] = []
  for (const day of sorted) {
    const run = runs.at(-1)
    if (run && run.at(-1) === day - 1) run.push(day)
    else runs.push([day])
  }
  return runs
    .map((run) => (run.length > 2 ? `${String(run[0])}-${String(run.at(-1))}` : run.join(',')))
    .join(',')
}

const NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

function daysOf(field: string): number[] | null {
  const days = new Set<number>()
  for (const part of field.split(',')) {
    const [from, to = from] = part.split('-').map(dayOf)
    if (from === undefined || to === undefined || from < 0 || to < from || part.split('-').length > 2)
      return null
    for (let day = from; day <= to; day++) days.add(day % 7)
  }
  return [...days].sort((a, b) => a - b)
}

function dayOf(text: string): number {
  const named = NAMES.indexOf(text.toLowerCase())
  if (named >= 0) return named
  return /^[0-7]$/.test(text) ? Number(text) : -1
}
