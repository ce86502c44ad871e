import type { Finding } from './api'

/** How it stands with the language server of one editor. */
export type ServerState = 'none' | 'connecting' | 'ready' | 'asleep' | 'busy' | 'missing' | 'away'

export interface HelpState {
  errors: number
  warnings: number
  infos: number
  /** Who looked at the code; empty when nothing here could. */
  linter: string
  /** A program that is missing, and how to get it. */
  lack: { name: string; fix: string } | null
  /** Why the code could not be looked at. */
  trouble: string
  server: ServerState
  /** Such as `ty 0.1`, or why there is none. */
  serverWords: string
  /** The environment whose packages the server knows; null: the standard library alone. */
  environment: string | null
}

export function noHelp(): HelpState {
  return {
    errors: 0,
    warnings: 0,
    infos: 0,
    linter: '',
    lack: null,
    trouble: '',
    server: 'none',
    serverWords: '',
    environment: null,
  }
}

/** Count findings by how bad they are. */
export function tally(findings: readonly Pick<Finding, 'severity'>[]) {
  const count = (severity: Finding['severity']) => findings.filter((one) => one.severity === severity).length
  return { errors: count('error'), warnings: count('warning'), infos: count('info') }
}
