import { expect, it } from 'vitest'
import { addMessages, speak } from './index'
import { phraseOf, saidText } from './said'

it.each([
  ['same as Runyard', 'same_as_runyard', {}],
  ['64000 (own, unprivileged)', 'a_own_unprivileged', { a: '64000' }],
  ['64000 to 64999 (own, unprivileged)', 'a_to_b_own_unprivileged', { a: '64000', b: '64999' }],
  ["can't be switched off", 'can_t_be_switched_off', {}],
  [
    '/root is closed to other users (mode 0700)',
    'a_is_closed_to_other_users_mode_b',
    { a: '/root', b: '0700' },
  ],
  ['memory, pids, cpu by cgroup v1', 'memory_pids_cpu_by_cgroup_va', { a: '1' }],
])('reads %s', (text, key, values) => {
  expect(phraseOf(text)).toEqual({ key, values })
})

it('speaks the page’s language where it has the words', async () => {
  expect(saidText('same as Runyard')).toBe('same as Runyard')
  await speak('zh-CN')
  addMessages('zh-CN', { said: { phrases: { a_own_unprivileged: '{a}（专用）' } } })
  expect(saidText('64000 (own, unprivileged)')).toBe('64000（专用）')
  expect(saidText('something new')).toBe('something new')
  await speak('en')
})
