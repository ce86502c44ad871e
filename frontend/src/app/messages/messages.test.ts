import { describe, expect, it } from 'vitest'
import * as all from './all'

function leaves(node: unknown, path = ''): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  return Object.entries(node as object).flatMap(([key, value]) =>
    leaves(value, path ? `${path}.${key}` : key),
  )
}
const english = new Map(leaves(all.english))
const chinese = new Map(leaves(all.chinese))
const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort()

describe('messages', () => {
  it('have the same keys in both languages', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
    expect(english.size).toBeGreaterThan(150)
  })

  it('never name a value that the English message does not have', () => {
    const wrong = [...chinese].filter(([key, text]) => {
      const known = placeholders(english.get(key) ?? '')
      return placeholders(text).some((name) => !known.includes(name))
    })
    expect(wrong).toEqual([])
  })

  it('use Chinese punctuation between Chinese words', () => {
    const wrong = [...chinese].filter(([, text]) =>
      /[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]/.test(text),
    )
    expect(wrong).toEqual([])
  })

  it('do not shout', () => {
    expect([...english, ...chinese].filter(([, text]) => /[!！]/.test(text))).toEqual([])
  })
})
