/** Names of everything kept in the query cache: the live socket patches by these, so nobody spells them twice. */
export const keys = {
  me: ['me'] as const,
  projects: ['projects'] as const,
  homes: ['home'] as const,
  home: (project: string) => ['home', project] as const,
  system: ['system'] as const,
  scripts: {
    all: ['scripts'] as const,
    lists: ['scripts', 'list'] as const,
    list: (filters: object) => ['scripts', 'list', filters] as const,
    one: (id: string) => ['scripts', 'one', id] as const,
    versions: (id: string) => ['scripts', 'versions', id] as const,
    lastRuns: ['scripts', 'last-runs'] as const,
    lastRunsOf: (ids: readonly string[]) => ['scripts', 'last-runs', ids] as const,
    tags: (project: string) => ['scripts', 'tags', project] as const,
  },
  runs: {
    all: ['runs'] as const,
    lists: ['runs', 'list'] as const,
    list: (filters: object) => ['runs', 'list', filters] as const,
    one: (id: string) => ['runs', 'one', id] as const,
    events: (id: string) => ['runs', 'events', id] as const,
    files: (id: string) => ['runs', 'files', id] as const,
  },
  environments: {
    all: ['environments'] as const,
    lists: ['environments', 'list'] as const,
    list: (filters: object) => ['environments', 'list', filters] as const,
    one: (id: string) => ['environments', 'one', id] as const,
  },
}
