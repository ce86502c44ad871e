/** Which rooms' words the page's code is drawn with, read from the sources: for tests. */
const sources = import.meta.glob<string>(['/src/**/*.{ts,vue}', '!/src/**/*.test.ts'], {
  eager: true,
  query: '?raw',
  import: 'default',
})

export interface Load {
  from: string
  of: string
  /** What `withWords` brings along; nothing where the code is fetched without it. */
  declared: string[] | null
  /** The room of the page's title, where it is a page. */
  title: string | null
}

interface Read {
  imports: string[]
  loads: Load[]
  rooms: Set<string>
}

const IMPORT = /^\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm
const LOAD =
  /(?:withWords\(\s*\[([^\]]*)\],\s*\(\) =>\s*)?import\(\s*'([^']+)'\s*\)(?:(?:[^{}]|\{[^{}]*\})*?meta: \{\s*title: '(\w+)\.)?/g
const KEY = /['"`](\w+)\.(\w+)/g

function pathOf(from: string, name: string): string | null {
  const steps = name.startsWith('@/') ? ['', 'src', ...name.slice(2).split('/')] : relative(from, name)
  const path = steps.join('/')
  return [path, `${path}.ts`, `${path}/index.ts`].find((one) => one in sources) ?? null
}

function relative(from: string, name: string): string[] {
  if (!name.startsWith('.')) return [name]
  const steps = from.split('/').slice(0, -1)
  for (const step of name.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.') steps.push(step)
  }
  return steps
}

function read(path: string, catalogue: Record<string, unknown>): Read {
  const text = (sources[path] ?? '').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const isKnown = (room: string, next: string) => next in ((catalogue[room] ?? {}) as object)
  return {
    imports: [...text.matchAll(IMPORT)].flatMap(([, name]) => pathOf(path, name ?? '') ?? []),
    loads: [...text.matchAll(LOAD)].flatMap(([, rooms, name, title]) => {
      const of = pathOf(path, name ?? '')
      const declared =
        rooms === undefined ? null : [...rooms.matchAll(/'(\w+)'/g)].map(([, room]) => room ?? '')
      return of ? [{ from: path, of, declared, title: title ?? null }] : []
    }),
    rooms: new Set(
      [...text.matchAll(KEY)].flatMap(([, room = '', next = '']) => (isKnown(room, next) ? [room] : [])),
    ),
  }
}

export class Needs {
  readonly #known = new Map<string, Read>()
  readonly #catalogue: Record<string, unknown>

  constructor(catalogue: Record<string, unknown>) {
    this.#catalogue = catalogue
  }

  #read(path: string): Read {
    let known = this.#known.get(path)
    if (known === undefined) {
      known = read(path, this.#catalogue)
      this.#known.set(path, known)
    }
    return known
  }

  /** Every place that fetches code when it is wanted: pages, and what opens later. */
  loads(): Load[] {
    return Object.keys(sources)
      .filter((path) => !path.startsWith('/src/app/messages/'))
      .flatMap((path) => this.#read(path).loads)
  }

  /** The rooms of a file, of all that it imports, and of what that fetches without bringing words along. */
  of(path: string): Set<string> {
    const rooms = new Set<string>()
    const seen = new Set([path])
    for (const file of seen) {
      if (file.startsWith('/src/app/messages/') || /\/messages\.[\w-]+\.ts$/.test(file)) continue
      const { imports, loads, rooms: own } = this.#read(file)
      const isRoutes = file.endsWith('/routes.ts') || file.endsWith('/router.ts')
      if (!isRoutes) for (const room of own) rooms.add(room)
      for (const one of imports) seen.add(one)
      for (const load of loads) if (load.declared === null && !isRoutes) seen.add(load.of)
    }
    return rooms
  }
}
