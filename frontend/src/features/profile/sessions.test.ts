import { expect, it } from 'vitest'
import { programName } from './sessions'

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
  ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge, Windows'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/18.0 Safari/605.1',
    'Safari, macOS',
  ],
  ['runyard/0.1', 'runyard/0.1'],
  ['', ''],
])('calls %j %j', (agent, name) => {
  expect(programName(agent)).toBe(name)
})
