import type { ConnectionKind, Filled } from './api'

/** A field of a form, as the kind's JSON Schema tells it. */
export interface Field {
  name: string
  type: 'text' | 'number' | 'switch' | 'choice'
  choices: string[]
  secret: boolean
  multiline: boolean
  required: boolean
  /** A sentence of the server's; the page has words of its own for what every kind has. */
  description: string
  initial: unknown
}

interface Rules {
  type?: string
  enum?: string[]
  writeOnly?: boolean
  multiline?: boolean
  description?: string
  default?: unknown
}

/** What is asked first; everything else follows in the schema's order, and secrets after names. */
const FIRST = ['url', 'endpoint', 'host', 'port', 'database', 'bucket', 'region', 'auth', 'username']
const LAST = ['path', 'namespace', 'repository', 'host_key', 'tls', 'verify', 'path_style', 'ca']

function rank(name: string): number {
  const first = FIRST.indexOf(name)
  const last = LAST.indexOf(name)
  return first >= 0 ? first - FIRST.length : last >= 0 ? last + 1 : 0
}

export function fieldsOf(kind: ConnectionKind): Field[] {
  const schema = kind.schema as { properties?: Record<string, Rules>; required?: string[] }
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'kind')
    .map(([name, rules]): Field => {
      const type = rules.enum
        ? 'choice'
        : rules.type === 'integer'
          ? 'number'
          : rules.type === 'boolean'
            ? 'switch'
            : 'text'
      return {
        name,
        type,
        choices: rules.enum ?? [],
        secret: rules.writeOnly === true,
        multiline: rules.multiline === true,
        required: (schema.required ?? []).includes(name),
        description: rules.description ?? '',
        initial: rules.default ?? (type === 'text' ? '' : null),
      }
    })
    .toSorted((a, b) => rank(a.name) - rank(b.name))
}

/** Fields that the way to sign in leaves without meaning. */
const MEANT: Record<string, Record<string, string[]>> = {
  http: {
    none: [],
    basic: ['username', 'password'],
    bearer: ['token'],
    header: ['header', 'token'],
  },
}

/** The fields that make sense with what is filled in. */
export function shown(kind: string, fields: readonly Field[], filled: Filled): Field[] {
  const ways = MEANT[kind]
  if (ways) {
    const meant = ways[String(filled['auth'])] ?? []
    const all = new Set(Object.values(ways).flat())
    return fields.filter(({ name }) => !all.has(name) || meant.includes(name))
  }
  if (kind === 'git') {
    const ssh = String(filled['url'] ?? '').startsWith('ssh:')
    const other = ssh ? ['verify', 'ca', 'password'] : ['private_key', 'passphrase', 'host_key']
    return fields.filter(({ name }) => !other.includes(name))
  }
  return [...fields]
}

/** What a form begins with: what is kept, else what the schema says; secrets are never known. */
export const begun = (kind: string, fields: readonly Field[], kept: Filled | null): Filled => ({
  kind,
  ...Object.fromEntries(
    fields.map(({ name, secret, initial }) => [name, secret ? '' : (kept?.[name] ?? initial)]),
  ),
})

/** What is sent: secrets that were not typed stay as they are, unless they are to go. */
export function sent(fields: readonly Field[], filled: Filled, dropped: ReadonlySet<string>): Filled {
  const made: Filled = { kind: filled['kind'] }
  for (const { name, secret } of fields) {
    const value = filled[name]
    if (!secret) made[name] = value
    else if (value !== '' && value !== null) made[name] = value
    else if (dropped.has(name)) made[name] = ''
  }
  return made
}

/** The server names fields below the kind; a form has them by themselves. */
export const byField = (refused: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(refused).map(([path, words]) => [
      path.replace(/^settings\.(?:[a-z0-9]+\.)?(?=[a-z_]+$)/, ''),
      words,
    ]),
  )

/** Where a connection leads, in few words. */
export function leads(settings: Filled | null): string {
  if (settings === null) return ''
  const { host, port, url, endpoint, database, bucket } = settings
  if (host) return `${String(host)}:${String(port)}${database ? `/${String(database)}` : ''}`
  return `${String(url ?? endpoint ?? '')}${bucket ? `/${String(bucket)}` : ''}`
}
