import type { App } from 'vue'
import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import type { MessageKey } from './catalog'

export type { MessageKey, Translation } from './catalog'
export type PageLanguage = 'en' | 'zh-CN'
export const LANGUAGES: readonly { value: PageLanguage; name: string }[] = [
  { value: 'en', name: 'English' },
  { value: 'zh-CN', name: '简体中文' },
]

export type Messages = Record<string, unknown>
export type LanguageLoader = (language: PageLanguage) => Promise<Messages>

const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
})
const composer = i18n.global
let load: LanguageLoader = () => Promise.resolve({})

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
  let found: unknown = composer.getLocaleMessage(spoken)
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
  if (parts === undefined) return general(key, values, count)
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

export function installI18n(app: App, loader: LanguageLoader): void {
  load = loader
  app.use(i18n)
}

/** Speak another language; resolves when its messages are there. */
export async function speak(next: PageLanguage): Promise<void> {
  if (!composer.availableLocales.includes(next)) addMessages(next, await load(next))
  composer.locale.value = next
  document.documentElement.lang = next
}

export function addMessages(to: PageLanguage, messages: Messages): void {
  plain.set(to, new Map())
  composer.setLocaleMessage(to, messages as never)
}

/** Top-level rooms of the loaded catalogue, for look-ups that span rooms (problem codes). */
export function rooms(): string[] {
  return Object.keys(composer.getLocaleMessage(composer.locale.value))
}
