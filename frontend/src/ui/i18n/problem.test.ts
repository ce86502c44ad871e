import { afterEach, expect, it } from 'vitest'
import { Problem } from '@/api/problem'
import { speak } from './index'
import { problemText } from './problem'

afterEach(() => speak('en'))

it('prefers the page’s words for a code, wherever they stand, then the server’s, then a plain sentence', async () => {
  const known = new Problem(409, {
    code: 'name_taken',
    detail: 'Another script of this project has that name.',
  })
  expect(problemText(known)).toBe('This name is already taken.')
  await speak('zh-CN')
  expect(problemText(known)).toBe('这个名称已被占用。')
  expect(problemText(new Problem(422, { code: 'wrong_password', detail: 'x' }))).toBe('当前密码不对。')
  expect(problemText(new Problem(500, { code: 'never_heard_of', detail: 'The server’s own words.' }))).toBe(
    'The server’s own words.',
  )
  expect(problemText(undefined)).toBe('出错了，服务器没有说明原因。')
})
