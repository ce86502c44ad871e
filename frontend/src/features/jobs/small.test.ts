import { describe, expect, it } from 'vitest'
import { labelsOf, textsOf } from './jobeditor/labels'
import { spanOf } from './durations'
import { dueText, isRunnable, spanOf as slotSpan } from './slots'
import type { Slot } from './types'
import { addressOf, curlOf, toldOf } from './useSecrets'
import { makeJob } from './testing'

const SLOT = {
  trigger_id: 't',
  due_from: '2026-03-01T10:00:00Z',
  due_to: '2026-03-01T12:00:00Z',
  count: 3,
  outcome: 'paused',
  reason: 'It was paused by Ann.',
  code: 'paused',
  name: 'Ann',
  run_id: null,
  run_state: null,
  decided_at: '2026-03-01T12:00:01Z',
} as const satisfies Slot

describe('spans of time', () => {
  it.each([
    [90, { n: 90, unit: 's' }],
    [120, { n: 2, unit: 'm' }],
    [3600, { n: 1, unit: 'h' }],
    [129_600, { n: 36, unit: 'h' }],
    [172_800, { n: 2, unit: 'd' }],
    [0, { n: 0, unit: 's' }],
  ])('%i seconds are whole in their unit', (seconds, span) => {
    expect(spanOf(seconds)).toEqual(span)
  })
})

describe('labels', () => {
  it('are typed as name or name=value, and read back the same', () => {
    const labels = { team: 'a=b', nightly: '' }
    expect(textsOf(labels)).toEqual(['team=a=b', 'nightly'])
    expect(labelsOf(textsOf(labels))).toEqual(labels)
    expect(labelsOf(['=x', ' ', 'a=1', 'a=2'])).toEqual({ a: '2' })
  })
})

describe('rows of the ledger', () => {
  it('tell a stretch by its ends and how many it holds', () => {
    expect(dueText(SLOT)).toMatch(/^.+ – .+ · 3 slots$/)
  })

  it('are one instant where the server gives one', () => {
    const { trigger_id, outcome, reason, code, name, run_id, run_state, decided_at } = SLOT
    const same = { trigger_id, outcome, reason, code, name, run_id, run_state, decided_at }
    const one: Slot = { ...same, due_at: SLOT.due_from }
    expect(dueText(one)).not.toMatch(/–|slots/)
    expect(slotSpan(one)).toEqual({ from: '2026-03-01T10:00:00Z', to: '2026-03-01T10:00:00Z' })
  })

  it('can be run once they are past', () => {
    expect(isRunnable(SLOT, Date.UTC(2026, 2, 1, 12))).toBe(true)
    expect(isRunnable(SLOT, Date.UTC(2026, 2, 1, 11))).toBe(false)
  })
})

describe('secrets of webhooks', () => {
  const hook = {
    id: 'trg_h',
    type: 'webhook' as const,
    enabled: true,
    note: '',
    auth: 'hmac' as const,
    mapping: {},
    condition: null,
    wait_s: null,
    url: '/api/v1/hooks/trg_h',
  }

  it('are told with the address of their webhook', () => {
    const told = toldOf({ ...makeJob({ triggers: [hook] }), secrets: { trg_h: 's3cret', gone: 'x' } })
    expect(told).toEqual([{ url: addressOf(hook), auth: 'hmac', secret: 's3cret' }])
    expect(told[0]?.url).toBe(`${location.origin}/api/v1/hooks/trg_h`)
    expect(toldOf(makeJob({ triggers: [hook] }))).toEqual([])
  })

  it('sign the time and the body, or are sent as they are', () => {
    const signed = curlOf({ url: 'http://here/x', auth: 'hmac', secret: 's3cret' })
    expect(signed).toContain("-hmac 's3cret'")
    expect(signed).toContain('X-Runyard-Timestamp: $at')
    expect(signed).toContain('X-Runyard-Signature: sha256=$sig')
    expect(curlOf({ url: 'http://here/x', auth: 'token', secret: 's3cret' })).toContain(
      'Authorization: Bearer s3cret',
    )
  })
})
