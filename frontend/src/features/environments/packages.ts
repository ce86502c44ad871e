import type { EnvironmentKind } from '@/api/types'

/** How a package is named in an address: of Python by its name, of others with its kind before. */
export function packageKey(kind: EnvironmentKind, name: string): string {
  return kind === 'python' ? name : `${kind}:${name}`
}
