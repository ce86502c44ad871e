import { afterEach, describe, expect, it } from 'vitest'
import { speak } from '@/ui/i18n'
import { makeJob } from './testing'
import type { Pause, Trigger } from './types'
import { triggersText, triggerText, whyText } from './words'

const CRON: Trigger = {
  id: 't1',
  type: 'cron',
  enabled: true,
  note: '',
  cron: '0 9 * * *',
  timezone: 'UTC',
  words: { en: 'At 09:00', zh: '每天 09:00' },
}
const PAUSE: Pause = {
  kind: 'person',
  by: 'Ann',
  why: 'moving',
  since: '2026-11-01T00:00:00Z',
  until: null,
  whole_project: false,
}

afterEach(() => speak('en'))

describe('triggers in words', () => {
  it('speak the language of the page', async () => {
    expect(triggerText(CRON)).toBe('At 09:00')
    await speak('zh-CN')
    expect(triggerText(CRON)).toBe('每天 09:00')
  })

  it('name the job that is waited for', () => {
    const after: Trigger = {
      id: 't',
      type: 'after',
      enabled: true,
      note: '',
      job_id: 'j',
      on: 'failure',
      mapping: {},
    }
    expect(triggerText(after, () => 'Import')).toBe('After Import failed')
    expect(triggerText(after)).toBe('After j failed')
  })

  it('say how many more there are, and that all are off', () => {
    expect(triggersText(makeJob({ triggers: [CRON, { ...CRON, id: 't2' }] }))).toBe('At 09:00 + 1')
    expect(triggersText(makeJob({ triggers: [{ ...CRON, enabled: false }] }))).toBe('All triggers are off')
    expect(triggersText(makeJob())).toBe('No trigger')
  })
})

describe('why a job is as it is', () => {
  it('is told by what broke it, before who paused it', () => {
    expect(whyText(makeJob())).toBe('')
    expect(whyText(makeJob({ state: 'paused', paused: PAUSE }))).toBe('Paused by Ann · moving')
    const broken = { code: 'new_code', message: 'Its set is gone.' }
    expect(whyText(makeJob({ state: 'broken', broken, paused: PAUSE }))).toBe('Its set is gone.')
    expect(whyText(makeJob({ paused: { ...PAUSE, whole_project: true, why: '' } }))).toBe(
      'All jobs paused by Ann',
    )
  })
})
