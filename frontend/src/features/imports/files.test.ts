import { describe, expect, it } from 'vitest'
import { isPacked, namedFor, sendable } from './files'

describe('isPacked', () => {
  it.each([
    ['tools.zip', true],
    ['tools.tar.gz', true],
    ['TOOLS.TGZ', true],
    ['scripts.json', true],
    ['main.py', false],
    ['zip', false],
    ['notes.gz', false],
  ])('%s: %s', (name, packed) => {
    expect(isPacked(name)).toBe(packed)
  })
})

describe('namedFor', () => {
  it.each([
    ['clean.py', '', 'clean.py'],
    ['Deploy.BASH', '', 'Deploy.sh'],
    ['backup', '#!/usr/bin/env bash', 'backup.sh'],
    ['serve', '#!/usr/bin/env node', 'serve.js'],
    ['tool', '#!/usr/bin/python3', 'tool.py'],
    ['job.py', '#!/bin/sh', 'job.py'],
    ['readme.txt', 'Hello', 'readme.txt'],
    ['odd', '#!/usr/bin/perl', 'odd'],
  ])('%s, %s: %s', (name, line, expected) => {
    expect(namedFor(name, line)).toBe(expected)
  })
})

it('sends a script without an ending under one, with the same content', async () => {
  const sent = await sendable(new File(['#!/bin/sh\necho hello\n'], 'greet'))
  expect(sent.name).toBe('greet.sh')
  expect(await sent.text()).toBe('#!/bin/sh\necho hello\n')
})
