/** Labels as they are typed: `name` or `name=value`. */
export const textsOf = (labels: Record<string, string>): string[] =>
  Object.entries(labels).map(([name, value]) => (value ? `${name}=${value}` : name))

/** The last one of a name wins. */
export function labelsOf(texts: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const text of texts) {
    const [name = '', ...rest] = text.split('=')
    if (name.trim()) labels[name.trim()] = rest.join('=').trim()
  }
  return labels
}
