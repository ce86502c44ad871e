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

/** What a message is written with when something has to be filled in or chosen. */
const SPECIAL = /[{}|@]/
/** Words that stand as they are written, by language: a list asks for the same ones hundreds of times. */
const plain = new Map<string, Map<string, string>>()

/** A message with nothing to fill in; the general way costs twenty times as much. */
function plainly(key: MessageKey): string | undefined {
  const spoken = composer.locale.value
  const known = plain.get(spoken)
  const text = known?.get(key)
  if (text !== undefined || !known) return text
  let found: unknown = composer.getLocaleMessage(spoken)
  for (const part of key.split('.')) found = (found as Messages | undefined)?.[part]
  if (typeof found !== 'string' || SPECIAL.test(found)) return undefined
  known.set(key, found)
  return found
}

/** A message in the page's language. `count` picks the plural form of `one | many` messages and fills `{n}`. */
export function t(key: MessageKey, values?: Values, count?: number): string {
  const text = values === undefined && count === undefined ? plainly(key) : undefined
  if (text !== undefined) return text
  return general(key, values, count)
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
