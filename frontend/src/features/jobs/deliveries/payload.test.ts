import { expect, it } from 'vitest'
import { headersOf, trialOf } from './payload'

it('reads headers line by line', () => {
  expect(headersOf('X-Event: push\nnothing\n: lost\n X-Url : http://a:1 \n')).toEqual({
    'X-Event': 'push',
    'X-Url': 'http://a:1',
  })
})

it.each([
  ['{"a": 1}', 'application/json', { a: 1 }],
  ['  ', 'application/json', null],
  ['a=1&b=2', 'application/x-www-form-urlencoded', 'a=1&b=2'],
  ['{"a": 1}', 'text/plain', '{"a": 1}'],
])('sends %j as %s', (body, contentType, sent) => {
  expect(trialOf({ body, headers: '', contentType }, true)).toEqual({
    body: sent,
    headers: {},
    content_type: contentType,
    run: true,
  })
})

it('sends nothing that should be JSON and is not', () => {
  expect(trialOf({ body: '{a}', headers: '', contentType: 'application/json' }, false)).toBeNull()
})
