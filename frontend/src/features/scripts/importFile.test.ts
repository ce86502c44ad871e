import { expect, it } from 'vitest'
import { languageOf, nameOf } from './importFile'

it.each([
  ['a.py', '', 'python'],
  ['a.MJS', '', 'javascript'],
  ['backup.sh', '#!/usr/bin/env node', 'shell'],
  ['tool', '#!/usr/bin/env bash\nls', 'shell'],
  ['tool', '#!/bin/sh', 'shell'],
  ['tool', '#!/usr/bin/env node', 'javascript'],
  ['tool', '#!/usr/bin/python3', 'python'],
  ['notes.txt', 'node and bash', 'python'],
])('%s beginning with “%s” is %s', (name, code, language) => {
  expect(languageOf(name, code)).toBe(language)
})

it.each([
  ['backup_db.sh', 'backup_db'],
  ['v1.2.py', 'v1.2'],
  ['.sh', '.sh'],
  ['Makefile', 'Makefile'],
])('%s becomes a script called %s', (file, name) => {
  expect(nameOf(file)).toBe(name)
})
