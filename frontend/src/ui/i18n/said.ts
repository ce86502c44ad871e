import { language, optional } from './index'

const VALUES = /\/[\w./-]+|\d[\d.,]*\d|\d/g
const NAMES = 'abcdefgh'

/** The key of a sentence of the server, and the paths and numbers in it: `{a}`, `{b}` and so on, as they come. */
export function phraseOf(text: string): { key: string; values: Record<string, string> } {
  const values: Record<string, string> = {}
  let count = 0
  const bare = text.replace(VALUES, (value) => {
    const name = NAMES[count++] ?? 'z'
    values[name] = value
    return name
  })
  const key = bare
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '_')
    .replaceAll(/^_|_$/g, '')
  return { key, values }
}

/** Words of the server that carry no code, in the page's language where it has them. */
export function saidText(text: string): string {
  if (language.value === 'en') return text
  const { key, values } = phraseOf(text)
  return optional(`said.phrases.${key}`, values) ?? text
}
