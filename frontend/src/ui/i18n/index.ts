import type { App } from 'vue'
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import type { Catalog, MessageKey } from './catalog'

export type { MessageKey, Translation } from './catalog'
/** A part of the catalogue that comes in a file of its own: `runs`, `policy`. */
export type Room = keyof Catalog
export type PageLanguage = 'en' | 'zh-CN'
export const LANGUAGES: readonly { value: PageLanguage; name: string }[] = [
  { value: 'en', name: 'English' },
  { value: 'zh-CN', name: '简体中文' },
]

export type Messages = Record<string, unknown>
/** Where words come from. */
export interface Library {
  /** The rooms that every page is drawn with. */
  frame: (language: PageLanguage) => Promise<Messages>
  /** The words of another room. */
  room: (language: PageLanguage, room: string) => Promise<Messages>
  has: (room: string) => boolean
}

const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
})
const composer = i18n.global
let library: Library = {
  frame: () => Promise.resolve({}),
  room: () => Promise.resolve({}),
  has: () => false,
}
/** What has been asked for, by language and room; '' is the frame. */
const asked = new Map<string, Promise<void>>()
const wanted = new Set<string>()
let coming: PageLanguage = 'en'

/** The language the page speaks now; formats and messages follow it. */
export const language = computed(() => composer.locale.value as PageLanguage)

export type Values = Record<string, string | number>

/** A place in a message where a value goes: `{name}`. */
const PLACE = /\{\s*([a-z_]\w*)\s*\}/i
/** What else a message is written with: forms to choose from, other messages, literals. */
const SPECIAL = /[{}|@]/
/** Messages in parts (words, name of a value, words, …), by language: a list asks for the same ones hundreds of times. */
const plain = new Map<string, Map<string, readonly string[]>>()

/** The parts of a message in which nothing has to be chosen; the general way costs twenty times as much. */
function partsOf(key: MessageKey): readonly string[] | undefined {
  const spoken = composer.locale.value
  const known = plain.get(spoken)
  const parts = known?.get(key)
  if (parts !== undefined || !known) return parts
  let found: unknown = wordsOf(spoken)
  for (const part of key.split('.')) found = (found as Messages | undefined)?.[part]
  if (typeof found !== 'string') return undefined
  const made = found.split(PLACE)
  if (made.some((part) => SPECIAL.test(part))) return undefined
  known.set(key, made)
  return made
}

/** A message in the page's language. `count` picks the plural form of `one | many` messages and fills `{n}`. */
export function t(key: MessageKey, values?: Values, count?: number): string {
  const parts = count === undefined ? partsOf(key) : undefined
  if (parts === undefined) return isComing(key) ? '' : general(key, values, count)
  return parts.map((part, i) => (i % 2 ? String(values?.[part] ?? '') : part)).join('')
}

function general(key: MessageKey, values: Values = {}, count?: number): string {
  return count === undefined ? composer.t(key, values) : composer.t(key, { n: count, ...values }, count)
}

/** The message of a key made at run time (`problems.${code}`), or null where there is none. */
export function optional(key: string, values: Values = {}): string | null {
  if (composer.te(key)) return composer.t(key, values)
  return composer.te(key, 'en') ? composer.t(key, values) : null
}

/**
 * Whether the key's room is only on its way. Nobody should meet this, since `withWords` brings words along with what
 * is drawn with them; whoever does sees nothing for a moment rather than keys, and is drawn again with the words.
 */
function isComing(key: string): boolean {
  const spoken = composer.locale.value as PageLanguage
  const room = key.split('.', 1)[0] ?? ''
  if (room in wordsOf(spoken) || !library.has(room)) return false
  needWords([room]).catch(() => undefined)
  return true
}

export function installI18n(app: App, source: Library): void {
  library = source
  app.use(i18n)
}

/** Speak another language; resolves when the words of all that has been drawn so far are there. */
export async function speak(next: PageLanguage): Promise<void> {
  coming = next
  try {
    await Promise.all(['', ...wanted].map((room) => fetchWords(next, room)))
  } catch (error) {
    coming = language.value
    throw error
  }
  if (coming !== next) return
  composer.locale.value = next
  document.documentElement.lang = next
}

/** Have the words of these rooms, in the language that is spoken or about to be. */
export async function needWords(rooms: readonly string[]): Promise<void> {
  for (const room of rooms) wanted.add(room)
  await Promise.all(rooms.map((room) => fetchWords(coming, room)))
}

/** Load code together with the words it is drawn with: `withWords(['runs'], () => import('./RunPage.vue'))`. */
export function withWords<T>(rooms: readonly Room[], load: () => Promise<T>): () => Promise<T> {
  return async () => {
    const [loaded] = await Promise.all([load(), needWords(rooms)])
    return loaded
  }
}

function fetchWords(to: PageLanguage, room: string): Promise<void> {
  const name = `${to} ${room}`
  let known = asked.get(name)
  if (known === undefined) {
    known = take(to, room)
    asked.set(name, known)
    // What could not be fetched may be asked for again.
    known.catch(() => asked.delete(name))
  }
  return known
}

async function take(to: PageLanguage, room: string): Promise<void> {
  if (room === '') addMessages(to, await library.frame(to))
  else if (library.has(room)) addMessages(to, { [room]: await library.room(to, room) })
}

/** Put words beside those that are there: whoever has asked for them before is drawn again. */
export function addMessages(to: PageLanguage, messages: Messages): void {
  if (!composer.availableLocales.includes(to)) composer.setLocaleMessage(to, {})
  const words = wordsOf(to)
  // Only what is said anew can have been put into parts before.
  if (!plain.has(to) || Object.keys(messages).some((room) => room in words)) plain.set(to, new Map())
  Object.assign(words, messages)
}

function wordsOf(spoken: string): Messages {
  return composer.getLocaleMessage(spoken)
}

/** Top-level rooms of the loaded catalogue, for look-ups that span rooms (problem codes). */
export function rooms(): string[] {
  return Object.keys(wordsOf(composer.locale.value))
}
