import { describe, expect, it } from 'vitest'
import { importText, LONGEST } from './importFile'

describe('importText', () => {
  it.each([
    ['clean.py', 'print(1)', { name: 'clean', language: 'python', code: 'print(1)' }],
    ['a.b.mjs', 'x', { name: 'a.b', language: 'javascript', code: 'x' }],
    ['backup.SH', 'ls', { name: 'backup', language: 'shell', code: 'ls' }],
    [
      'tool',
      '#!/usr/bin/env python3\nx',
      { name: 'tool', language: 'python', code: '#!/usr/bin/env python3\nx' },
    ],
    ['tool', '#!/bin/bash\n', { name: 'tool', language: 'shell', code: '#!/bin/bash\n' }],
    [
      'tool',
      '#!/usr/bin/env node\n',
      { name: 'tool', language: 'javascript', code: '#!/usr/bin/env node\n' },
    ],
    ['w.py', '\ufeffa\r\nb\rc', { name: 'w', language: 'python', code: 'a\nb\nc' }],
    ['photo.png', 'x', 'language'],
    ['a.py', 'a\0b', 'binary'],
    ['a.py', 'x'.repeat(LONGEST + 1), 'tooLarge'],
  ])('%s', (name, text, expected) => {
    expect(importText(name, text)).toEqual(expected)
  })
})
