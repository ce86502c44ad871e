import { t, type MessageKey } from '@/ui/i18n'
import type { Permission } from './api'

const SAID: Partial<Record<string, MessageKey>> = {
  'project:read': 'access.can.project_read',
  'project:manage': 'access.can.project_manage',
  'script:read': 'access.can.script_read',
  'script:write': 'access.can.script_write',
  'script:review': 'access.can.script_review',
  'approval:decide': 'access.can.approval_decide',
  'run:read': 'access.can.run_read',
  'run:submit': 'access.can.run_submit',
  'run:cancel': 'access.can.run_cancel',
  'run:manage': 'access.can.run_manage',
  'job:read': 'access.can.job_read',
  'job:write': 'access.can.job_write',
  'environment:read': 'access.can.environment_read',
  'environment:manage': 'access.can.environment_manage',
  'secret:use': 'access.can.secret_use',
  'secret:manage': 'access.can.secret_manage',
  'connection:read': 'access.can.connection_read',
  'audit:read': 'access.can.audit_read',
  'system:read': 'access.can.system_read',
  'system:manage': 'access.can.system_manage',
  'self:manage': 'access.can.self_manage',
}

/** What a permission allows, in words; one that the page does not know yet stands for itself. */
export function sayPermission(permission: string): string {
  const key = SAID[permission]
  return key ? t(key) : permission
}

/** Permissions by the noun before the colon, in the order in which they came. */
export function byNoun<T extends { name: Permission }>(permissions: readonly T[]): [string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const one of permissions) {
    const noun = one.name.split(':')[0] ?? ''
    groups.set(noun, [...(groups.get(noun) ?? []), one])
  }
  return [...groups]
}
