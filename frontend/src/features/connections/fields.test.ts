import { expect, test } from 'vitest'
import type { ConnectionKind } from './api'
import { begun, byField, fieldsOf, leads, sent, shown } from './fields'

const kind = (properties: object, required: string[] = []): ConnectionKind => ({
  kind: 'x',
  schema: { properties, required },
  leads_to: [],
  available: true,
  extra: '',
  tried: true,
})
const FIELDS = fieldsOf(
  kind(
    {
      kind: { const: 'x' },
      tls: { enum: ['verified', 'off'], default: 'verified' },
      password: { writeOnly: true, anyOf: [] },
      username: { type: 'string' },
      port: { type: 'integer', default: 22 },
      host: { type: 'string' },
      verify: { type: 'boolean', default: true },
    },
    ['host'],
  ),
)

test('fields come in the order in which people think of them', () => {
  expect(FIELDS.map(({ name }) => name)).toEqual(['host', 'port', 'username', 'password', 'tls', 'verify'])
  expect(FIELDS.map(({ type }) => type)).toEqual(['text', 'number', 'text', 'text', 'choice', 'switch'])
  expect(FIELDS.filter(({ required }) => required).map(({ name }) => name)).toEqual(['host'])
})

test('a form begins with what is kept, and never with a secret', () => {
  const kept = { host: 'a', port: 1, password: 'never' }
  expect(begun('x', FIELDS, kept)).toEqual({
    kind: 'x',
    host: 'a',
    port: 1,
    username: '',
    password: '',
    tls: 'verified',
    verify: true,
  })
})

test('secrets that were not typed are left out, and go only when they are to', () => {
  const filled = begun('x', FIELDS, null)
  expect('password' in sent(FIELDS, filled, new Set())).toBe(false)
  expect(sent(FIELDS, filled, new Set(['password']))['password']).toBe('')
  expect(sent(FIELDS, { ...filled, password: 'p' }, new Set(['password']))['password']).toBe('p')
})

test('what the server refuses is said at its field', () => {
  const refused = {
    'settings.postgresql.host': 'a',
    'settings.token': 'b',
    name: 'c',
    'settings.s3.bucket': 'd',
  }
  expect(byField(refused)).toEqual({ host: 'a', token: 'b', name: 'c', bucket: 'd' })
})

test('only what makes sense is asked for', () => {
  const http = ['url', 'auth', 'username', 'password', 'header', 'token', 'verify'].map((name) => ({
    ...(FIELDS[0] as (typeof FIELDS)[number]),
    name,
  }))
  const names = (auth: string) => shown('http', http, { auth }).map(({ name }) => name)
  expect(names('none')).toEqual(['url', 'auth', 'verify'])
  expect(names('basic')).toEqual(['url', 'auth', 'username', 'password', 'verify'])
  expect(names('header')).toEqual(['url', 'auth', 'header', 'token', 'verify'])
  expect(shown('ssh', FIELDS, {})).toEqual(FIELDS)
})

test('where it leads, in few words', () => {
  expect(leads({ host: 'db', port: 5432, database: 'shop' })).toBe('db:5432/shop')
  expect(leads({ endpoint: 'https://s3.example', bucket: 'b' })).toBe('https://s3.example/b')
  expect(leads({ url: 'https://a.example' })).toBe('https://a.example')
  expect(leads(null)).toBe('')
})
