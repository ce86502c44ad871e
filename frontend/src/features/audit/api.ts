import { ask, askRaw, client } from '@/api/client'
import type { components } from '@/api/schema'

export type AuditEntry = components['schemas']['AuditEntry']
export type AuditAlert = components['schemas']['AuditAlert']
export type AuditVerdict = components['schemas']['AuditVerdict']

/** What a list and an export are narrowed to; `from` and `to` are instants. */
export interface AuditFilters {
  actor?: string
  action?: string[]
  kind?: string
  object?: string
  address?: string
  outcome?: 'ok' | 'refused'
  project?: string
  from?: string
  to?: string
}

export function listAudit(filters: AuditFilters, cursor: string | null, limit = 50) {
  const query = { ...filters, limit, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/audit', { params: { query } }))
}

export function listAlerts(project: string | undefined) {
  return ask(client.GET('/api/v1/audit/alerts', { params: { query: project ? { project } : {} } }))
}

export function listActions() {
  return ask(client.GET('/api/v1/audit/actions'))
}

export function verifyAudit(): Promise<AuditVerdict> {
  return ask(client.GET('/api/v1/audit/verify'))
}

export async function exportAudit(filters: AuditFilters, format: 'csv' | 'json'): Promise<Blob> {
  const query = new URLSearchParams({ format })
  for (const [name, value] of Object.entries(filters)) {
    for (const one of Array.isArray(value) ? (value as string[]) : [String(value)]) query.append(name, one)
  }
  return (await askRaw(`/api/v1/audit/export?${query.toString()}`)).blob()
}
