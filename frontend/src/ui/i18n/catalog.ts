/**
 * All messages of the page. Every room adds its own part next to its English messages:
 * `declare module '@/ui/i18n/catalog' { interface Catalog { runs: typeof messages } }`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by the rooms
export interface Catalog {}

type Leaves<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}`
}[keyof T & string]

/** A dotted path to a message, e.g. `runs.state.queued`. A misspelt one does not compile. */
export type MessageKey = Leaves<Catalog>

/** The shape a translation must have: the same keys as the English one, no more and no fewer. */
export type Translation<T> = { [K in keyof T]: T[K] extends string ? string : Translation<T[K]> }
