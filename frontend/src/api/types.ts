/**
 * The shapes the server speaks. Times are RFC 3339 UTC strings.
 */
export type RunState =
  'queued' | 'starting' | 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'lost'
export type Language = 'python' | 'javascript' | 'shell'

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}

export interface Me {
  id: string
  username: string
  display_name: string
  is_admin: boolean
  language: 'en' | 'zh-CN' | null
  theme: 'light' | 'dark' | 'system' | null
  created_at: string
  projects: { id: string; name: string; permissions: string[] }[]
}

export interface Project {
  id: string
  name: string
  description: string
  created_at: string
  permissions: string[]
}

export type ParameterType =
  'text' | 'textarea' | 'number' | 'password' | 'select' | 'switch' | 'date' | 'json'

export interface Parameter {
  key: string
  label: string
  type: ParameterType
  required: boolean
  default: unknown
  help?: string | null
  placeholder?: string | null
  options?: { value: string; label: string }[] | null
  min?: number | null
  max?: number | null
  step?: number | null
  min_length?: number | null
  max_length?: number | null
  regex?: string | null
}

export interface ScriptSummary {
  id: string
  project: string
  name: string
  language: Language
  description: string
  tags: string[]
  timeout_s: number | null
  network: boolean
  version: number
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
}

export interface Script extends ScriptSummary {
  code: string
  parameters: Parameter[]
  requirements: string[]
}

export interface ScriptDraft {
  name: string
  language: Language
  code: string
  project?: string
  description?: string
  tags?: string[]
  parameters?: Parameter[]
  requirements?: string[]
  timeout_s?: number | null
  network?: boolean
}

export interface ScriptVersion {
  id: string
  script_id: string
  version: number
  language: Language
  note: string
  author: string | null
  created_at: string
  content_hash: string
}

export interface ScriptVersionBody extends ScriptVersion {
  code: string
  parameters: Parameter[]
  requirements: string[]
  timeout_s: number | null
  network: boolean
}

export interface Tag {
  name: string
  count: number
}

export interface RunProgress {
  percent: number | null
  message: string
  at: string
}

export const FINISHED: ReadonlySet<RunState> = new Set([
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'lost',
])

/** What the live socket says when a run changes its state; `at` is when it did. */
export interface RunNews {
  id: string
  project: string
  script_id: string | null
  script_name: string
  state: RunState
  attempt: number
  at?: string
}

export interface RunUsage {
  wall_s: number | null
  cpu_s: number | null
  memory_peak_mb: number | null
  read_mb: number | null
  written_mb: number | null
  output_bytes: number | null
  output_dropped_bytes: number | null
}

/** A run as lists show it. */
export interface RunSummary {
  id: string
  project: string
  script_id: string | null
  script_name: string
  state: RunState
  attempt: number
  queued_at: string
  started_at: string | null
  finished_at: string | null
  /** Not part of the answer: laid over it by the live socket while the run goes on. */
  progress?: RunProgress | null
  language: Language
  version: number | null
  draft: boolean
  priority: number
  queue: string
  labels: Record<string, string>
  trigger: { kind: string; by: string | null }
  exit_code: number | null
  error_code: string | null
  waiting_for: { code: string; message: string } | null
}

export interface Run extends RunSummary {
  parameters: Record<string, unknown>
  uploads: string[]
  timeout_s: number | null
  cancel_requested_at: string | null
  outputs: unknown
  error: { code: string; message: string } | null
  usage: RunUsage
  isolation: Record<string, unknown> | null
  environment_id: string | null
  progress: RunProgress | null
  rerun_of: string | null
  worker: string | null
}

export interface RunEvent {
  id: number
  attempt: number
  at: string
  kind: string
  data: Record<string, unknown>
}

export interface RunAttempt {
  attempt: number
  state: RunState
  worker: string
  claimed_at: string
  started_at: string | null
  finished_at: string | null
  exit_code: number | null
  error: { code: string; message: string } | null
  usage: RunUsage
  isolation: Record<string, unknown> | null
}

export interface LogLine {
  n: number
  t: string
  stream: 'stdout' | 'stderr' | 'system'
  text: string
}

export interface LogPage extends Page<LogLine> {
  total: number
  attempt: number
  complete: boolean
}

export interface LogHits extends Page<{ n: number; text: string }> {
  scanned: number
  total: number
}

export interface RunFile {
  path: string
  kind: 'file' | 'dir' | 'other'
  size: number
  modified_at: string
  uploaded: boolean
  media_type: string
}

export type EnvironmentState = 'pending' | 'building' | 'ready' | 'failed'

export interface EnvironmentSummary {
  id: string
  kind: 'python' | 'node'
  state: EnvironmentState
  requirements: string[]
  interpreter: string
  size_bytes: number | null
  error: { code: string; message: string } | null
  created_at: string
  ready_at: string | null
  last_used_at: string | null
  build_s: number | null
}

export interface Environment extends EnvironmentSummary {
  packages: { name: string; version: string }[] | null
  used_by: { script_id: string; name: string }[]
}

export interface SandboxLevel {
  level: string
  available: boolean
  reason: string
  details: Record<string, string>
  fix: string
}

export interface Machine {
  cpus: number
  cpu_percent: number
  load: number
  memory_total: number
  memory_used: number
  disk_total: number
  disk_used: number
}

/** A machine's agent. `state`: online, detached (stopped, its runs go on) or offline. */
export interface Worker {
  id: string
  name: string
  host: string
  version: string
  state: string
  slots: number
  in_use: number
  queues: string[]
  started_at: string
  heartbeat_at: string
  info: Record<string, unknown>
}

export interface System {
  version: string
  machine: Machine
  slots: { total: number; in_use: number }
  queue: { queued: number; starting: number; running: number }
  sandbox: SandboxLevel[]
  default_level: string
  workers: Worker[]
}

export interface Home {
  scripts: number
  runs_today: Partial<Record<RunState, number>>
  hours: { hour: string; succeeded: number; failed: number; other: number }[]
  this_week: { rate: number | null; finished: number }
  last_week: { rate: number | null; finished: number }
  queue: { queued: number; starting: number; running: number }
  slots: { total: number; in_use: number }
  machine: Machine
  running: RunSummary[]
  recent: RunSummary[]
  broke: Broke[]
  ever_ran: boolean
}

export interface Broke {
  script_id: string | null
  script_name: string
  error_code: string
  message: string
  count: number
  first_at: string
  last_at: string
  last_run_id: string
}
