interface Labelled {
  label: string
}

/** Where `words` stand in `label`: 0 at its start, 1 at the start of a word, 2 inside, 3 as scattered letters, -1 not. */
export function fit(label: string, words: string): number {
  const text = label.toLowerCase()
  const wanted = words.toLowerCase().trim()
  if (!wanted || text.startsWith(wanted)) return 0
  if (text.includes(` ${wanted}`)) return 1
  if (text.includes(wanted)) return 2
  let at = -1
  for (const letter of wanted.replaceAll(' ', '')) {
    at = text.indexOf(letter, at + 1)
    if (at < 0) return -1
  }
  return 3
}

/** The entries that fit, best first; among equals the given order holds. */
export function rank<T extends Labelled>(entries: readonly T[], words: string): T[] {
  return entries
    .map((entry) => ({ entry, place: fit(entry.label, words) }))
    .filter(({ place }) => place >= 0)
    .sort((a, b) => a.place - b.place)
    .map(({ entry }) => entry)
}
