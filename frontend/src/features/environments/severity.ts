import type { Vulnerability } from '@/api/types'

export type Severity = Vulnerability['severity']

const ORDER: readonly Severity[] = ['critical', 'high', 'medium', 'low', '']

/** Whether it deserves the loud colour. */
export const isGrave = (severity: Severity) => severity === 'critical' || severity === 'high'

/** The worst first; of equal ones by id. */
export function byGravity(vulnerabilities: readonly Vulnerability[]): Vulnerability[] {
  return [...vulnerabilities].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || a.id.localeCompare(b.id),
  )
}

export function worst(vulnerabilities: readonly Vulnerability[]): Severity {
  return byGravity(vulnerabilities)[0]?.severity ?? ''
}
