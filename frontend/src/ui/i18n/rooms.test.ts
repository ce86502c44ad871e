import { mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { h, nextTick } from 'vue'
import { installI18n, needWords, speak, t, withWords, type MessageKey, type Room } from '.'

const fetched = vi.fn<(language: string, room: string) => void>()
const key = (name: string) => name as MessageKey
const drawn = mount(() => h('p'))
installI18n(drawn.vm.$.appContext.app, {
  frame: (language) => Promise.resolve({ frame: { word: `frame in ${language}` } }),
  room: (language, room) => {
    fetched(language, room)
    return Promise.resolve({ title: `${room} in ${language}` })
  },
  has: (room) => ['early', 'late', 'page', 'other'].includes(room),
})
await speak('en')

it('brings the words along with the code, and fetches them once', async () => {
  const load = withWords(['page' as Room], () => Promise.resolve('code'))
  expect(await load()).toBe('code')
  expect(t(key('page.title'))).toBe('page in en')
  await load()
  expect(fetched.mock.calls.filter(([, room]) => room === 'page')).toHaveLength(1)
})

it('shows nothing while words are only coming, and the words once they are there', async () => {
  const part = mount(() => h('p', t(key('other.title'))))
  expect(part.text()).toBe('')
  await vi.waitFor(() => expect(part.text()).toBe('other in en'))
})

it('speaks another language with the words of all that was drawn', async () => {
  await needWords(['early'])
  const part = mount(() => h('p', t(key('early.title'))))
  await speak('zh-CN')
  await nextTick()
  expect(part.text()).toBe('early in zh-CN')
  expect(t(key('page.title'))).toBe('page in zh-CN')
  await speak('en')
})

it('asks again for what could not be fetched', async () => {
  fetched.mockImplementationOnce(() => {
    throw new Error('unreachable')
  })
  await expect(needWords(['late'])).rejects.toThrow('unreachable')
  await needWords(['late'])
  expect(t(key('late.title'))).toBe('late in en')
})
