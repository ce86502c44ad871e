import type { Messages } from '@/ui/i18n'

/** Message files keyed by the folder they lie in: `features/runs/messages.en.ts` becomes `runs`. */
export function byRoom(files: Record<string, Messages>): Messages {
  const catalogue: Messages = {}
  for (const [path, messages] of Object.entries(files)) {
    const room = path.split('/').at(-2)
    if (room) catalogue[room] = messages
  }
  return catalogue
}
