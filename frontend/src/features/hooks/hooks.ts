import type { Script } from '@/api/types'

export const MOMENTS = ['before', 'after'] as const
export type Moment = (typeof MOMENTS)[number]

export interface Hook {
  code: string
  shell: boolean
}
export type Hooks = Record<Moment, Hook | null>

/** The hooks of a script, with what the server leaves out when it is the default. */
export function hooksOf(script: Pick<Script, 'hooks'>): Hooks {
  const of = (moment: Moment): Hook | null => {
    const hook = script.hooks?.[moment]
    return hook ? { code: hook.code, shell: hook.shell ?? true } : null
  }
  return { before: of('before'), after: of('after') }
}

/** The hooks with one of them written anew; one without a word is none. */
export function withHook(hooks: Hooks, moment: Moment, part: Partial<Hook>): Hooks {
  const hook = { ...(hooks[moment] ?? { code: '', shell: true }), ...part }
  return { ...hooks, [moment]: hook.code.trim() ? hook : null }
}
