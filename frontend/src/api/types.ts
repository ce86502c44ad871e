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
  display_name: string | null
  language: 'en' | 'zh-CN' | null
  theme: 'light' | 'dark' | 'system' | null
}

export interface Project {
  id: string
  name: string
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

export interface LastRun {
  id: string
  state: RunState
  queued_at: string
  finished_at: string | null
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
  last_run: LastRun | null
}

export interface Script extends Omit<ScriptSummary, 'last_run'> {
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
  version: number
  note: string | null
  created_at: string
  created_by: string | null
}

export interface Tag {
  name: string
  count: number
}

export interface RunProgress {
  percent: number
  message: string | null
  at: string
}

/** What the live socket says of a run: enough for a row of a list. */
export interface RunHeadline {
  id: string
  project: string
  script_id: string | null
  script_name: string | null
  state: RunState
  attempt: number
  queued_at: string
  started_at: string | null
  finished_at: string | null
  progress: RunProgress | null
}

export interface RunUsage {
  wall_s: number | null
  cpu_s: number | null
  memory_peak_mb: number | null
  output_bytes: number | null
}

export interface Run extends RunHeadline {
  language: Language
  version: number | null
  draft: boolean
  priority: number
  queue: string
  labels: Record<string, string>
  trigger: { kind: 'manual' | 'api' | 'cli' | 'rerun'; by: string | null }
  parameters: Record<string, unknown>
  exit_code: number | null
  outputs: unknown
  error: { code: string; message: string } | null
  usage: RunUsage | null
  waiting_for: { code: string; message: string } | null
  isolation: Record<string, unknown> | null
  environment_id: string | null
  timeout_s: number | null
  cancel_requested_at: string | null
  uploads: string[]
  rerun_of: string | null
}

export interface LogLine {
  n: number
  t: string
  stream: 'stdout' | 'stderr' | 'system'
  text: string
}

export interface RunFile {
  path: string
  size: number
  modified_at: string
  kind: 'file' | 'dir'
  uploaded: boolean
  media_type: string | null
}

export type EnvironmentState = 'pending' | 'building' | 'ready' | 'failed'

export interface Environment {
  id: string
  kind: 'python' | 'node'
  state: EnvironmentState
  requirements: string[]
  interpreter: string | null
  packages: { name: string; version: string }[] | null
  size_bytes: number | null
  error: { code: string; message: string } | null
  created_at: string
  ready_at: string | null
  last_used_at: string | null
  build_s: number | null
  used_by: { script_id: string; name: string }[]
}

export interface SandboxProbe {
  level: 'process' | 'bubblewrap' | 'container'
  available: boolean
  reason: string
  details: Record<string, string>
  fix: string
}

export interface Machine {
  cpu_percent: number | null
  cpus: number
  memory_total: number
  memory_used: number
  disk_total: number
  disk_used: number
  load: number[] | null
}

export interface Worker {
  id: string
  name: string
  state: string
  version: string
  slots: number
  in_use: number
  started_at: string
  last_seen_at: string
}

export interface System {
  version: string
  machine: Machine
  slots: { total: number; in_use: number }
  queue: { queued: number; starting: number; running: number }
  sandbox: { levels: SandboxProbe[]; default: string }
  workers: Worker[]
}
