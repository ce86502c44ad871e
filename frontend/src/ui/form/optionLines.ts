import type { FieldOption } from './definition'

/** Options as lines that people can type and paste: `value` or `value = label`. */
export function linesOf(options: readonly FieldOption[]): string {
  return options
    .map(({ value, label }) => (label && label !== value ? `${value} = ${label}` : value))
    .join('\n')
}

export function optionsOf(lines: string): FieldOption[] {
  const options = new Map<string, FieldOption>()
  for (const line of lines.split('\n')) {
    const at = line.indexOf(' = ')
    const value = (at < 0 ? line : line.slice(0, at)).trim()
    if (value && !options.has(value))
      options.set(value, { value, label: at < 0 ? '' : line.slice(at + 3).trim() })
  }
  return [...options.values()]
}
