/** The room of a message file is the folder it lies in: `features/runs/messages.en.ts` is `runs`. */
export function roomOf(path: string): string {
  return path.split('/').at(-2) ?? ''
}

/** What belongs to message files, keyed by room. */
export function byRoom<T>(files: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(files).map(([path, found]) => [roomOf(path), found]))
}
