import { ask, askAll, client } from '@/api/client'
import type { Language } from '@/api/types'
import type { components } from '@/api/schema'

type Schemas = components['schemas']
export type Findings = Schemas['Findings']
export type Finding = Schemas['FindingBody']
export type Snippet = Schemas['SnippetBody']
export type NewSnippet = Schemas['NewSnippet']
export type SnippetChange = Schemas['SnippetChange']

/** Languages that programs look through and put in order. */
export type Linted = Exclude<Language, 'sql'>

export const snippetKey = ['snippets'] as const

export function lintCode(language: Linted, code: string) {
  return ask(client.POST('/api/v1/editor/lint', { body: { language, code } }))
}

export function formatCode(language: Linted, code: string) {
  return ask(client.POST('/api/v1/editor/format', { body: { language, code } }))
}

export function listSnippets(): Promise<Snippet[]> {
  return askAll((query) => client.GET('/api/v1/snippets', { params: { query } }))
}

export function createSnippet(body: NewSnippet) {
  return ask(client.POST('/api/v1/snippets', { body }))
}

export function changeSnippet(id: string, body: SnippetChange) {
  return ask(client.PATCH('/api/v1/snippets/{snippet_id}', { params: { path: { snippet_id: id } }, body }))
}

export async function deleteSnippet(id: string): Promise<void> {
  await ask(client.DELETE('/api/v1/snippets/{snippet_id}', { params: { path: { snippet_id: id } } }))
}
