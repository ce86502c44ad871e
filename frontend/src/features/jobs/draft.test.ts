import { describe, expect, it } from 'vitest'
import { speak } from '@/ui/i18n'
import { bodyOf, draftOf, freshTrigger, placed, specOf } from './draft'
import { makeJob } from './testing'

describe('a job as it is edited', () => {
  const job = makeJob({
    triggers: [
      {
        id: 'trg_1',
        type: 'cron',
        enabled: true,
        note: 'asked for by Ann',
        cron: '0 9 * * *',
        timezone: 'Asia/Shanghai',
        words: { en: 'At 09:00', zh: '09:00' },
        next_at: '2026-11-24T01:00:00Z',
      },
      {
        id: 'trg_2',
        type: 'webhook',
        enabled: false,
        note: '',
        auth: 'token',
        mapping: { A: 'body.a' },
        condition: null,
        wait_s: 5,
      },
    ],
  })

  it('is sent back as it came, without what only the server says', () => {
    const body = bodyOf(draftOf(job), { SIZE: 3 })
    expect(body.triggers).toEqual([
      {
        id: 'trg_1',
        type: 'cron',
        enabled: true,
        note: 'asked for by Ann',
        cron: '0 9 * * *',
        timezone: 'Asia/Shanghai',
      },
      {
        id: 'trg_2',
        type: 'webhook',
        enabled: false,
        note: '',
        auth: 'token',
        mapping: { A: 'body.a' },
        condition: null,
        wait_s: 5,
      },
    ])
    expect(body).toMatchObject({
      name: job.name,
      target: { kind: 'script', id: job.target.id },
      parameters: { SIZE: 3 },
      settings: job.settings,
    })
  })

  it('has triggers of its own when it is a copy', () => {
    expect(bodyOf(draftOf(job, 'copy'), {}).triggers.every((trigger) => !('id' in trigger))).toBe(true)
  })

  it('does not share anything with the job', () => {
    const draft = draftOf(job)
    draft.settings.calendars.push('cal_1')
    draft.labels.team = 'x'
    expect(job.settings.calendars).toEqual([])
    expect(job.labels).toEqual({})
  })

  it('begins a date at the next full hour', () => {
    const now = Date.UTC(2026, 10, 24, 9, 20)
    expect(specOf(freshTrigger('date', 'UTC', now))).toMatchObject({ at: '2026-11-24T10:00:00.000Z' })
  })
})

describe('what was refused', () => {
  it('says in the page’s own words what it has words for', async () => {
    await speak('zh-CN')
    const said = 'No.'
    const refused = placed([
      { field: 'triggers.0.folder', message: said, code: 'folder_refused' },
      { field: 'triggers.0.glob', message: said, code: 'too_long' },
    ])
    await speak('en')
    expect(refused.triggers[0]).toEqual({
      folder: '需要管理员先允许这个文件夹（jobs.watched）。',
      glob: said,
    })
  })

  it('is placed at its trigger and field, whether the server names the kind or not', () => {
    const refused = placed([
      { field: 'triggers.0.cron.cron', message: 'no such day', code: 'cron' },
      { field: 'triggers.1.timezone', message: 'no such zone', code: 'timezone' },
      { field: 'triggers.2.webhook.mapping.A', message: 'no such name', code: 'mapping' },
      { field: 'triggers.3.cron', message: 'malformed', code: 'cron' },
      { field: 'triggers.4', message: 'of no kind', code: 'union' },
      { field: 'settings.grace_s', message: 'too long', code: 'le' },
    ])
    expect(refused.triggers).toEqual({
      0: { cron: 'no such day' },
      1: { timezone: 'no such zone' },
      2: { 'mapping.A': 'no such name' },
      3: { cron: 'malformed' },
      4: { '': 'of no kind' },
    })
    expect(refused.fields).toEqual({ 'settings.grace_s': 'too long' })
  })
})
