import type { components } from './schema'

/**
 * Short names for what the server speaks. The shapes themselves are generated (`npm run api`); what stands here by
 * hand is what OpenAPI cannot say: the live socket's messages, and unions narrower than the document's strings.
 */
type Schemas = components['schemas']

/** A generated shape whose named fields are narrower here; the server promises no more than the original. */
type Narrow<T, Fields extends Partial<Record<keyof T, unknown>>> = Omit<T, keyof Fields> & Fields

export interface Page<T> {
  items: T[]
  next_cursor?: string | null
}

export type Language = Schemas['NewScript']['language']
export type RunState = Schemas['runyard__runs__lifecycle__State']
export type EnvironmentState = Schemas['runyard__environments__lifecycle__State']
export type ParameterType = Schemas['ParameterType']

export type Me = Schemas['MeBody']
export type Project = Schemas['ProjectBody']

export type Parameter = Schemas['Definition']
export type ScriptSummary = Schemas['ScriptSummary']
export type Script = Schemas['ScriptBody']
export type ScriptDraft = Schemas['NewScript']
export type ScriptChange = Schemas['ScriptChange']
export type ScriptVersion = Schemas['VersionSummary']
export type ScriptVersionBody = Schemas['VersionBody']
export type Tag = Schemas['TagCount']

export type RunProgress = Schemas['Progress']
export type RunUsage = Schemas['Usage']
/** A run as lists show it; `progress` is laid over it by the live socket while the run goes on. */
export type RunSummary = Schemas['RunSummary'] & { progress?: RunProgress | null }
export type Run = Schemas['Run']
export type RunEvent = Schemas['Event']
export type RunAttempt = Schemas['Attempt']
export type RunFile = Schemas['RunFile']
export type LogLine = Schemas['runyard__runs__schemas__LogLine']
export type LogPage = Schemas['LogPage']
export type LogHits = Schemas['LogHits']

export type UsageSeries = Schemas['UsageSeries']
export type ScriptKind = NonNullable<Script['kind']>
export type UsagePoint = Schemas['UsagePoint']
export type Failure = Schemas['Failure']
export type Comparison = Schemas['Comparison']
export type RunChange = Comparison['changed'][number]
export type Batch = Schemas['Batch']
export type BatchAction = Schemas['Batch']['action']
export type BatchResult = Schemas['BatchResult']

export type EnvironmentSummary = Schemas['EnvironmentSummary']
export type Environment = Schemas['EnvironmentBody']
export type EnvironmentKind = EnvironmentSummary['kind']
export type PackageBody = Schemas['PackageBody']
export type Vulnerability = Schemas['VulnerabilityBody']
export type EnvironmentLogLine = Schemas['runyard__environments__schemas__LogLine']

export type SandboxLevel = Schemas['SandboxLevel']
export type Machine = Schemas['Machine']
export type System = Schemas['SystemInfo']
export type Worker = Schemas['Worker']
export type Broke = Schemas['Broke']
export type Home = Narrow<Schemas['Home'], { running: RunSummary[]; recent: RunSummary[] }>

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
