import { describe, expect, it } from 'vitest'
import { english } from './all'
import frame from './en'
import { Needs } from './needs'

const needs = new Needs(english)
const isApart = (room: string) => !(room in frame)
const pages = needs.loads().filter(({ from, declared }) => declared !== null || from.endsWith('/routes.ts'))

describe('words come with what is drawn with them', () => {
  it('for the frame of every page', () => {
    expect([...needs.of('/src/main.ts')].filter(isApart)).toEqual([])
  })

  it.each(pages)('for $of', ({ of, declared, title }) => {
    const rooms = needs.of(of)
    if (title) rooms.add(title)
    // Too few, and words appear late; too many, and a file is fetched for nothing.
    expect(declared ?? []).toEqual([...rooms].filter(isApart).sort())
  })

  it('reads the sources as they are', () => {
    expect(pages.length).toBeGreaterThan(40)
    expect(needs.of('/src/features/runs/RunPage.vue')).toContain('runs')
  })
})
