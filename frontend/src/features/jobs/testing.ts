import { SETTINGS } from './draft'
import type { Job } from './types'

/** A job for tests: on, with nothing to tell but what is given. */
export function makeJob(part: Partial<Job> = {}): Job {
  return {
    id: 'job_1',
    project: 'default',
    name: 'Nightly report',
    description: '',
    target: { kind: 'script', id: 'scr_1', name: 'Report', missing: false },
    parameters: {},
    parameter_set: null,
    labels: {},
    settings: { ...SETTINGS, calendars: [] },
    triggers: [],
    enabled: true,
    paused: null,
    state: 'on',
    broken: null,
    breaker: { state: 'closed', failures: 0, opened_at: null, trial_at: null },
    alert: null,
    owner: null,
    next: null,
    last: [],
    success_rate: null,
    runs_counted: 0,
    revision: 1,
    created_at: '2026-11-01T00:00:00Z',
    updated_at: '2026-11-01T00:00:00Z',
    updated_by: null,
    ...part,
  }
}
