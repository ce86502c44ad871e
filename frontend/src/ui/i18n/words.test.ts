import { mount } from '@vue/test-utils'
import { beforeAll, expect, it } from 'vitest'
import { createI18n } from 'vue-i18n'
import { h } from 'vue'
import { addMessages, installI18n, speak, t, type MessageKey, type Values } from '.'

const MESSAGES = {
  words: 'Run it',
  named: 'Run {name}',
  twice: '{name} and { name }: {n} %',
  adjacent: '{a}{b}',
  literal: "A brace {'{'}name{'}'}",
  linked: 'See @:test.words',
  forms: 'one script | {n} scripts',
  mark: 'Costs $& and $1 of {name}',
}
const library = createI18n({
  legacy: false,
  locale: 'en',
  messages: { en: { test: MESSAGES } },
  missingWarn: false,
})

beforeAll(async () => {
  installI18n(mount(() => h('p')).vm.$.appContext.app, {
    frame: () => Promise.resolve({}),
    room: () => Promise.resolve({}),
    has: () => false,
  })
  addMessages('en', { test: MESSAGES })
  await speak('en')
})

it.each<[keyof typeof MESSAGES, Values | undefined]>([
  ['words', undefined],
  ['words', { name: 'x' }],
  ['named', { name: 'a {b} | c @:d' }],
  ['named', { name: '$&' }],
  ['named', { other: 1 }],
  ['twice', { name: 'x', n: 0 }],
  ['adjacent', { a: 'x', b: 'y' }],
  ['literal', { name: 'x' }],
  ['linked', undefined],
  ['forms', undefined],
  ['mark', { name: 'x' }],
])('writes %s as the library does', (name, values) => {
  const key = `test.${name}`
  const theirs = library.global.t(key, values ?? {})
  // The second time from memory.
  for (let time = 0; time < 2; time += 1) expect(t(key as MessageKey, values)).toBe(theirs)
})

it('chooses a form by the count', () => {
  expect(t('test.forms' as MessageKey, {}, 1)).toBe('one script')
  expect(t('test.forms' as MessageKey, {}, 7)).toBe('7 scripts')
})
