import { mount, RouterLinkStub } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import CronBuilder from './jobeditor/CronBuilder.vue'
import NextTimes from './jobeditor/NextTimes.vue'
import JobState from './JobState.vue'
import NextFire from './NextFire.vue'
import OutcomeBadge from './OutcomeBadge.vue'
import ResultStrip from './ResultStrip.vue'
import SecretOnce from './SecretOnce.vue'
import SlotRow from './SlotRow.vue'
import { makeJob } from './testing'
import type { LastResult, Preview, Slot } from './types'

const global = { stubs: { RouterLink: RouterLinkStub } }

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-03-01T12:00:00Z'), toFake: ['Date', 'setInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('JobState', () => {
  it('says why on hover, and that a breaker stopped it', () => {
    const paused = {
      kind: 'breaker',
      by: '',
      why: '',
      since: '2026-03-01T00:00:00Z',
      until: null,
      whole_project: false,
    }
    const badge = mount(JobState, { props: { job: makeJob({ state: 'paused', paused }) } })
    expect(badge.text()).toBe('Stopped')
    expect(badge.attributes('title')).toBe('Stopped after failing again and again')
    expect(badge.attributes('data-job-state')).toBe('paused')
  })
})

describe('NextFire', () => {
  const trigger = {
    id: 't1',
    type: 'cron' as const,
    enabled: true,
    note: '',
    cron: '0 9 * * *',
    timezone: 'Asia/Tokyo',
  }

  it('says how long until then, and the time on the trigger’s clock', () => {
    const job = makeJob({ triggers: [trigger], next: { at: '2026-03-01T15:00:00Z', trigger_id: 't1' } })
    const time = mount(NextFire, { props: { job } }).get('time')
    expect(time.text()).toBe('in 3 hours')
    expect(time.attributes('title')).toContain('(Asia/Tokyo)')
    expect(time.attributes('title')).toContain('00:00')
  })

  it('does not count what is being decided', () => {
    const job = makeJob({ triggers: [trigger], next: { at: '2026-03-01T11:59:58Z', trigger_id: 't1' } })
    expect(mount(NextFire, { props: { job } }).text()).toBe('in less than a minute')
    expect(mount(NextFire, { props: { job: makeJob() } }).text()).toBe('–')
  })
})

describe('ResultStrip', () => {
  it('shows the newest on the right, and how often it went well', () => {
    const last = (['failed', 'succeeded', 'succeeded'] as const).map<LastResult>((state, n) => ({
      run_id: `run_${String(n)}`,
      state,
      at: '2026-03-01T11:00:00Z',
      slot_due_at: null,
    }))
    const strip = mount(ResultStrip, {
      props: { job: makeJob({ last, success_rate: 2 / 3, runs_counted: 3 }) },
      global,
    })
    expect(strip.findAll('.bar').map((bar) => bar.classes().at(-1))).toEqual([
      'succeeded',
      'succeeded',
      'failed',
    ])
    expect(strip.text()).toBe('67%')
    expect(strip.get('[role="group"]').attributes('aria-label')).toBe('2 of the last 3 runs succeeded')
  })
})

describe('SlotRow', () => {
  const slot: Slot = {
    trigger_id: 't1',
    due_from: '2026-03-01T10:00:00Z',
    due_to: '2026-03-01T11:00:00Z',
    count: 2,
    outcome: 'paused',
    reason: 'It was paused by Ann.',
    code: 'paused',
    name: 'Ann',
    run_id: null,
    run_state: null,
    decided_at: '2026-03-01T11:00:01Z',
  }

  it('runs for the newest of a stretch, for those who may', async () => {
    const row = mount(SlotRow, { props: { entry: slot, trigger: '', runs: true }, global })
    expect(row.text()).toContain('It was paused by Ann.')
    await row.get('button').trigger('click')
    expect(row.emitted('run')).toEqual([['2026-03-01T11:00:00Z']])
    const reader = mount(SlotRow, { props: { entry: slot, trigger: '', runs: false }, global })
    expect(reader.find('button').exists()).toBe(false)
  })

  it('shows a broken one as broken, not as skipped', () => {
    const badge = mount(OutcomeBadge, { props: { entry: { outcome: 'skipped', code: 'broken' } } })
    expect(badge.text()).toBe('Broken')
  })
})

describe('NextTimes', () => {
  const preview: Preview = {
    words: { en: 'At 02:30', zh: '02:30' },
    times: [
      {
        at: '2026-03-29T01:00:00Z',
        local: '2026-03-29T03:00:00+02:00',
        fires: true,
        dst: 'moved',
        note: { en: '02:30 does not exist on that day.', zh: '' },
      },
      {
        at: '2026-10-25T01:30:00Z',
        local: '',
        fires: false,
        dst: 'suppressed',
        note: { en: 'Second.', zh: '' },
      },
    ],
  }

  it('tells what clocks do, and strikes out what is not due', () => {
    const times = mount(NextTimes, { props: { preview, zone: 'Europe/Berlin', settled: true } })
    expect(times.get('[role="status"]').text()).toBe('At 02:30')
    const rows = times.findAll('li')
    expect(rows[0]?.text()).toContain('03:00')
    expect(rows[0]?.text()).toContain('02:30 does not exist on that day.')
    expect(rows.map((row) => row.classes('suppressed'))).toEqual([false, true])
    expect(times.get('summary').text()).toBe('The next time')
  })

  it('says that it is never due', () => {
    const times = mount(NextTimes, {
      props: { preview: { ...preview, times: [] }, zone: 'UTC', settled: true },
    })
    expect(times.text()).toContain('It is never due again.')
  })
})

describe('CronBuilder', () => {
  it('goes to another case, and stays with typing once that is chosen', async () => {
    const builder = mount(CronBuilder, { props: { modelValue: { kind: 'day', at: '09:00' } } })
    const button = (name: string) => builder.findAll('.kinds button').find((one) => one.text() === name)
    await button('Weekly')?.trigger('click')
    expect(builder.emitted('update:modelValue')).toEqual([
      [{ kind: 'week', days: [1, 2, 3, 4, 5], at: '09:00' }],
    ])
    await button('Custom')?.trigger('click')
    expect(button('Custom')?.attributes('aria-pressed')).toBe('true')
    expect(builder.find('.fields').exists()).toBe(false)
  })

  it('never leaves a week without a day', async () => {
    const builder = mount(CronBuilder, { props: { modelValue: { kind: 'week', days: [1], at: '09:00' } } })
    await builder.get('.days [aria-pressed="true"]').trigger('click')
    expect(builder.emitted('update:modelValue')).toBeUndefined()
  })
})

describe('SecretOnce', () => {
  it('shows the secret with a call that carries it', () => {
    const dialog = mount(SecretOnce, {
      props: { secrets: [{ url: 'http://here/hook', auth: 'token', secret: 's3cret' }] },
      global: { stubs: { ElDialog: { template: '<div><slot /><slot name="footer" /></div>' } } },
    })
    expect(dialog.get('[data-secret]').text()).toBe('s3cret')
    expect(dialog.get('pre').text()).toContain('http://here/hook')
  })
})
