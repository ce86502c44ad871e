import { afterEach, expect, it } from 'vitest'
import { speak } from '@/ui/i18n'
import { failureTitle } from './failureTitle'

afterEach(() => speak('en'))

it.each([
  ['exit_code', 'It exited with code 3.', 'It exited with code 3.', '退出码为 3。'],
  ['exit_code', "KeyError: 'price'", "KeyError: 'price'", "KeyError: 'price'"],
  ['signal', 'It was ended by signal 9.', 'It was ended by SIGKILL.', '被信号 SIGKILL 终止。'],
  [
    'timeout',
    'It was stopped by its time limit of 5 s.',
    'It was stopped by its time limit of 5 s.',
    '超过时限，被停止。',
  ],
  ['build_failed', 'build_failed', 'Its environment could not be built.', '它的环境构建失败。'],
  ['no_such_code', 'no_such_code', 'no_such_code', 'no_such_code'],
])('calls %s, %s in both languages', async (code, title, english, chinese) => {
  expect(failureTitle({ code, title })).toBe(english)
  await speak('zh-CN')
  expect(failureTitle({ code, title })).toBe(chinese)
})
