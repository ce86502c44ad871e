/** The first rows of a CSV text (RFC 4180, any line end), enough to look at. `complete`: nothing was left out. */
export function readCsv(text: string, mostRows: number): { rows: string[][]; complete: boolean } {
  const separator = guessSeparator(text)
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  let at = text.startsWith('\ufeff') ? 1 : 0
  const endRow = () => {
    row.push(cell)
    cell = ''
    // A blank line is no row.
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  for (; at < text.length && rows.length < mostRows; at++) {
    const letter = text[at]
    if (quoted) {
      if (letter !== '"') cell += letter
      else if (text[at + 1] === '"') {
        cell += '"'
        at += 1
      } else quoted = false
    } else if (letter === '"' && cell === '') quoted = true
    else if (letter === separator) {
      row.push(cell)
      cell = ''
    } else if (letter === '\n' || letter === '\r') {
      if (letter === '\r' && text[at + 1] === '\n') at += 1
      endRow()
    } else cell += letter
  }
  const complete = at >= text.length
  if (complete && (cell !== '' || row.length > 0)) endRow()
  return { rows, complete }
}

/** The separator that the first line has most of. */
function guessSeparator(text: string): string {
  const line = text.slice(0, 10_000).split(/[\r\n]/, 1)[0] ?? ''
  const count = (letter: string) => line.split(letter).length
  return [',', ';', '\t'].reduce((best, letter) => (count(letter) > count(best) ? letter : best))
}
