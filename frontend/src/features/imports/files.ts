/** Files that can be imported, for the browser's file chooser. */
export const ACCEPTED = '.py,.js,.mjs,.cjs,.sh,.bash,.json,.zip,.tar,.tgz,.gz,.tbz2,.bz2,.txz,.xz'

const PACKED = /\.(?:zip|tar|tgz|tbz2|txz|tar\.(?:gz|bz2|xz)|json)$/i
const KNOWN = /\.(?:py|js|mjs|cjs|sh)$/i

/** Whether a file may hold more than one script or file, so that it is looked into before it is imported. */
export function isPacked(fileName: string): boolean {
  return PACKED.test(fileName)
}

/** The name under which the server sees what a file is: its own, or with the ending that its first line asks for. */
export function namedFor(fileName: string, firstLine: string): string {
  if (isPacked(fileName) || KNOWN.test(fileName)) return fileName
  if (/\.bash$/i.test(fileName)) return fileName.replace(/\.bash$/i, '.sh')
  if (!firstLine.startsWith('#!')) return fileName
  if (/\bpython[\d.]*\b/.test(firstLine)) return `${fileName}.py`
  if (/\bnode\b/.test(firstLine)) return `${fileName}.js`
  return /\b(?:ba|da|k|z)?sh\b/.test(firstLine) ? `${fileName}.sh` : fileName
}

const LONGEST_FIRST_LINE = 200

/** A file as it is sent. */
export async function sendable(file: File): Promise<File> {
  const start = isPacked(file.name) ? '' : await file.slice(0, LONGEST_FIRST_LINE).text()
  const name = namedFor(file.name, start.split('\n', 1)[0] ?? '')
  return name === file.name ? file : new File([file], name, { type: file.type })
}
