const messages = {
  environment: 'Environment',
  keys: 'Environments',
  intro: 'An interpreter with locked packages, built once and shared by every script that asks for the same.',
  state: 'State',
  kind: 'Kind',
  kinds: { python: 'Python', node: 'Node.js' },
  column: {
    state: 'State',
    requirements: 'Requirements',
    interpreter: 'Interpreter',
    size: 'Size',
    used: 'Last used',
    built: 'Build',
  },
  plain: 'no packages',
  more: '+{n} more',
  never: 'never',
  emptyTitle: 'No environments yet',
  emptyText:
    'The first run of a script that names requirements builds one here. Scripts without requirements need none.',
  noneTitle: 'No environment fits these filters',
  cleanUp: 'Clean up',
  cleanTitle: 'Delete unused environments?',
  cleanText:
    'Environments that nothing has used for this many days are deleted. A script that needs one later has it built again.',
  cleanDays: 'Days without use',
  cleaned: '{n} environment deleted, {size} freed | {n} environments deleted, {size} freed',
  cleanedNone: 'Nothing to clean up.',
  cancel: 'Stop the build',
  rebuild: 'Build again',
  delete: 'Delete',
  deleteTitle: 'Delete this environment?',
  deleteText:
    'Its packages are removed from disk ({size}). The next run that needs it builds it again, with versions resolved afresh.',
  deleteUsed: 'Used by {n} script. | Used by {n} scripts.',
  cancelled: 'The build is being stopped',
  rebuilding: 'It is being built again',
  deleted: 'Environment deleted',
  created: 'Created',
  ready: 'Ready',
  buildTime: 'Build time',
  size: 'Size',
  lastUsed: 'Last used',
  interpreter: 'Interpreter',
  requirements: 'Requirements',
  packages: 'Packages',
  packagesCount: '{n} package | {n} packages',
  packageSearch: 'Find a package',
  noPackages: 'The packages are listed once they are resolved.',
  usedBy: 'Used by',
  usedByNone: 'No script that you may read uses it now.',
  log: 'Build log',
  logLabel: 'Log of the build',
  failed: 'The build failed',
  problems: {
    environment_in_use: 'A run is using this environment. Wait for it to end, or cancel it.',
    wrong_moment: 'That can’t be done in its present state.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    environments: typeof messages
  }
}
