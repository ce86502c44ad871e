import { afterEach, expect, it } from 'vitest'
import { speak } from './index'
import { problemText } from './problem'

afterEach(() => speak('en'))

// What the API throws, in as much as this floor knows of it.
class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

it('prefers the page’s words for a code, wherever they stand, then the server’s, then a plain sentence', async () => {
  const known = new Refusal('name_taken', 'Another script of this project has that name.')
  expect(problemText(known)).toBe('This name is already taken.')
  await speak('zh-CN')
  expect(problemText(known)).toBe('这个名称已被占用。')
  expect(problemText(new Refusal('wrong_password', 'x'))).toBe('当前密码不对。')
  expect(problemText(new Refusal('never_heard_of', 'The server’s own words.'))).toBe(
    'The server’s own words.',
  )
  expect(problemText(undefined)).toBe('出错了，服务器没有说明原因。')
})
