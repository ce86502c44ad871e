import { describe, expect, it } from 'vitest'
import {
  choiceOf,
  effectiveOf,
  effectiveProxy,
  isMasked,
  refusalOf,
  sameChoice,
  sourceDraft,
  type Sources,
} from './sourceDraft'

const NOTHING: Sources['effective'] = {
  index_url: '',
  extra_index_urls: [],
  registry_url: '',
  channels: ['https://channel.example'],
  http_proxy: null,
  https_proxy: null,
  no_proxy: null,
}
const sources = (effective: Partial<Sources['effective']> = {}): Sources => ({
  project: null,
  choice: {},
  effective: { ...NOTHING, ...effective },
  updated_at: null,
  updated_by: null,
})

describe('a choice', () => {
  it('comes back from the form as it went in', () => {
    const choice = {
      python: {
        mirror: 'custom' as const,
        index_url: 'https://***@packages.example/simple',
        extra_index_urls: ['https://a.example', 'https://b.example'],
      },
      node: { mirror: 'aliyun' as const, registry_url: null },
      conda: { mirror: 'custom' as const, channels: ['https://c.example'] },
      proxy: { mode: 'custom' as const, http: 'http://p.example:3128', https: '', no_proxy: 'localhost' },
    }
    expect(choiceOf(sourceDraft(choice))).toEqual(choice)
    expect(isMasked(sourceDraft(choice))).toBe(true)
  })

  it('keeps no address that it does not use', () => {
    const draft = sourceDraft({})
    draft.python = { mirror: '', index_url: 'https://a.example', extra_index_urls: 'https://b.example' }
    draft.node = { mirror: 'official', registry_url: 'https://c.example' }
    draft.proxy = { mode: 'off', http: 'http://p.example', https: '', no_proxy: '' }
    expect(choiceOf(draft).python).toEqual({ mirror: '', index_url: null, extra_index_urls: [] })
    expect(choiceOf(draft).node).toEqual({ mirror: 'official', registry_url: null })
    expect(choiceOf(draft).proxy?.http).toBe('')
    expect(sameChoice(sourceDraft({ python: {} }), sourceDraft({}))).toBe(true)
    expect(sameChoice(draft, sourceDraft({}))).toBe(false)
  })

  it('finds what is refused of a field, and of one line of it', () => {
    const refused = { 'python.extra_index_urls.1': 'Not an address.', 'node.registry_url': 'Needed.' }
    expect(refusalOf(refused, 'python.extra_index_urls')).toBe('Not an address.')
    expect(refusalOf(refused, 'node.registry_url')).toBe('Needed.')
    expect(refusalOf(refused, 'python.index_url')).toBeUndefined()
  })
})

describe('what holds in the end', () => {
  it('is the tool’s own where nobody chose', () => {
    expect(effectiveOf(sources(), 'python')).toEqual(['the tool’s own'])
    expect(effectiveOf(sources(), 'node')).toEqual(['the tool’s own'])
    expect(effectiveOf(sources(), 'conda')).toEqual(['https://channel.example'])
    expect(
      effectiveOf(
        sources({ index_url: 'https://a.example', extra_index_urls: ['https://b.example'] }),
        'python',
      ),
    ).toEqual(['https://a.example', 'https://b.example'])
  })

  it.each([
    [{}, 'the server’s own variables'],
    [{ http_proxy: '', https_proxy: '', no_proxy: '' }, 'none'],
    [{ http_proxy: 'http://p:1', https_proxy: 'http://p:1', no_proxy: '' }, 'http://p:1'],
    [
      { http_proxy: 'http://p:1', https_proxy: 'http://q:2', no_proxy: 'localhost' },
      'http://p:1, http://q:2, not for localhost',
    ],
  ])('tells of the proxy %j', (effective, words) => {
    expect(effectiveProxy(sources(effective))).toBe(words)
  })
})
