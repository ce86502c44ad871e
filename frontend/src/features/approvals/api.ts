import { ask, client } from '@/api/client'
import type { components } from '@/api/schema'

type Schemas = components['schemas']
export type Approval = Schemas['ApprovalBody']
export type ApprovalWhole = Schemas['ApprovalWhole']
export type Entry = Schemas['EntryBody']
export type Rules = Schemas['RulesBody']
export type Publication = Schemas['PublicationBody']
export const VIEWS = ['waiting', 'mine', 'done'] as const
export type View = (typeof VIEWS)[number]

const at = (id: string) => ({ params: { path: { approval_id: id } } })
const of = (script: string) => ({ params: { path: { script_id: script } } })

export function listApprovals(view: View, cursor: string | null) {
  const query = { view, limit: 50, ...(cursor ? { cursor } : {}) }
  return ask(client.GET('/api/v1/approvals', { params: { query } }))
}

export async function countApprovals(): Promise<number> {
  return (await ask(client.GET('/api/v1/approvals/count'))).waiting
}

export function getApproval(id: string) {
  return ask(client.GET('/api/v1/approvals/{approval_id}', at(id)))
}

export function approve(one: Approval, reason: string, publish: boolean) {
  const body = { reason, publish, ...(one.revision === null ? {} : { revision: one.revision }) }
  return ask(client.POST('/api/v1/approvals/{approval_id}/approve', { ...at(one.id), body }))
}

export function reject(id: string, reason: string) {
  return ask(client.POST('/api/v1/approvals/{approval_id}/reject', { ...at(id), body: { reason } }))
}

export function withdraw(id: string) {
  return ask(client.POST('/api/v1/approvals/{approval_id}/withdraw', at(id)))
}

export function comment(id: string, body: Schemas['NewComment']) {
  return ask(client.POST('/api/v1/approvals/{approval_id}/comments', { ...at(id), body }))
}

export function resolve(id: string, comment: string, resolved: boolean) {
  return ask(
    client.PATCH('/api/v1/approvals/{approval_id}/comments/{comment}', {
      params: { path: { approval_id: id, comment } },
      body: { resolved },
    }),
  )
}

export function getRules(project: string) {
  return ask(client.GET('/api/v1/projects/{project}/approval-rules', { params: { path: { project } } }))
}

export function setRules(project: string, body: Rules) {
  return ask(client.PUT('/api/v1/projects/{project}/approval-rules', { params: { path: { project } }, body }))
}

export function getPublication(script: string) {
  return ask(client.GET('/api/v1/scripts/{script_id}/publication', of(script)))
}

export function askForReview(script: string, note: string) {
  return ask(client.POST('/api/v1/scripts/{script_id}/reviews', { ...of(script), body: { note } }))
}

export function publishVersion(script: string, version: number) {
  return ask(client.POST('/api/v1/scripts/{script_id}/publish', { ...of(script), body: { version } }))
}

export async function markScript(script: string, marked: boolean): Promise<void> {
  const answer = client.PUT('/api/v1/scripts/{script_id}/mark', { ...of(script), body: { marked } })
  await ask(answer as Promise<{ data?: object; error?: unknown; response: Response }>)
}
