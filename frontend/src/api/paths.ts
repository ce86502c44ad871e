import type {
  Environment,
  EnvironmentSummary,
  Home,
  LogHits,
  LogPage,
  Me,
  Page,
  Project,
  Run,
  RunAttempt,
  RunEvent,
  RunFile,
  RunState,
  RunSummary,
  Script,
  ScriptDraft,
  ScriptSummary,
  ScriptVersion,
  ScriptVersionBody,
  System,
  Tag,
  Worker,
} from './types'

/** Hand-kept until the server's OpenAPI document is generated; the same form as openapi-typescript's `paths`. */
type Operation<Path, Query, Body, Result, Status extends number> = {
  parameters: { query?: Query; header?: Record<string, string>; cookie?: never } & (Path extends undefined
    ? { path?: never }
    : { path: Path })
  responses: Record<Status, { headers: Record<string, unknown>; content: { 'application/json': Result } }>
} & (Body extends undefined
  ? { requestBody?: never }
  : { requestBody: { content: { 'application/json': Body } } })
type Nothing = Record<never, never>
type Get<Result, Query = Nothing, Path = undefined> = Operation<Path, Query, undefined, Result, 200>
type Post<Result, Body = undefined, Path = undefined, Status extends number = 200> = Operation<
  Path,
  Nothing,
  Body,
  Result,
  Status
>
interface Paging {
  limit?: number
  cursor?: string
}
interface OfScript {
  script_id: string
}
interface OfRun {
  run_id: string
}
interface OfEnvironment {
  environment_id: string
}

export interface paths {
  '/api/v1/me': { get: Get<Me>; patch: Post<Me, Partial<Pick<Me, 'display_name' | 'language' | 'theme'>>> }
  '/api/v1/me/password': { post: Post<null, { current_password: string; new_password: string }> }
  '/api/v1/projects': { get: Get<Page<Project>> }
  '/api/v1/scripts': {
    get: Get<
      Page<ScriptSummary>,
      Paging & {
        project?: string
        q?: string
        language?: string
        tag?: string[]
        sort?: 'updated' | 'name'
      }
    >
    post: Post<Script, ScriptDraft, undefined, 201>
  }
  '/api/v1/scripts/{script_id}': {
    get: Get<Script, Nothing, OfScript>
    patch: Post<Script, Partial<ScriptDraft> & { base_version?: number; note?: string }, OfScript>
    delete: Get<null, Nothing, OfScript>
  }
  '/api/v1/scripts/{script_id}/restore': { post: Post<Script, undefined, OfScript> }
  '/api/v1/scripts/{script_id}/copy': { post: Post<Script, { name?: string }, OfScript, 201> }
  '/api/v1/scripts/{script_id}/versions': { get: Get<Page<ScriptVersion>, Paging, OfScript> }
  '/api/v1/scripts/{script_id}/versions/{version}': {
    get: Get<ScriptVersionBody, Nothing, OfScript & { version: number }>
  }
  '/api/v1/scripts/{script_id}/rollback': {
    post: Post<Script, { version: number; base_version?: number; note?: string }, OfScript>
  }
  '/api/v1/scripts/{script_id}/runs': {
    post: Post<
      { id: string; state: RunState },
      { parameters?: Record<string, unknown>; timeout_s?: number | null; labels?: Record<string, string> },
      OfScript,
      202
    >
  }
  '/api/v1/tags': { get: Get<{ items: Tag[] }, { project?: string }> }
  '/api/v1/runs': {
    get: Get<
      Page<RunSummary>,
      Paging & { project?: string; state?: RunState[]; script_id?: string; label?: string; q?: string }
    >
    post: Post<{ id: string; state: RunState }, Record<string, unknown>, undefined, 202>
  }
  '/api/v1/runs/latest': { get: Get<{ items: RunSummary[] }, { script_id: string[] }> }
  '/api/v1/runs/{run_id}': { get: Get<Run, Nothing, OfRun> }
  '/api/v1/runs/{run_id}/cancel': { post: Post<Run, undefined, OfRun> }
  '/api/v1/runs/{run_id}/rerun': { post: Post<{ id: string; state: RunState }, undefined, OfRun, 202> }
  '/api/v1/runs/{run_id}/logs': {
    get: Get<
      LogPage,
      { attempt?: number; after?: number; tail?: number; limit?: number; stream?: string },
      OfRun
    >
  }
  '/api/v1/runs/{run_id}/logs/search': {
    get: Get<LogHits, { q: string; attempt?: number; after?: number; limit?: number }, OfRun>
  }
  '/api/v1/runs/{run_id}/events': { get: Get<Page<RunEvent>, Paging, OfRun> }
  '/api/v1/runs/{run_id}/attempts': { get: Get<{ items: RunAttempt[] }, Nothing, OfRun> }
  '/api/v1/runs/{run_id}/files': { get: Get<{ items: RunFile[] }, Nothing, OfRun> }
  '/api/v1/environments': { get: Get<Page<EnvironmentSummary>, Paging & { state?: string; kind?: string }> }
  '/api/v1/environments/{environment_id}': {
    get: Get<Environment, Nothing, OfEnvironment>
    delete: Get<null, Nothing, OfEnvironment>
  }
  '/api/v1/environments/{environment_id}/cancel': { post: Post<Environment, undefined, OfEnvironment> }
  '/api/v1/environments/{environment_id}/rebuild': { post: Post<Environment, undefined, OfEnvironment> }
  '/api/v1/environments/cleanup': {
    post: Post<{ deleted: number; freed_bytes: number }, { unused_days: number }>
  }
  '/api/v1/home': { get: Get<Home, { project?: string }> }
  '/api/v1/workers': { get: Get<{ items: Worker[] }> }
  '/api/v1/system': { get: Get<System> }
}
