const messages = {
  title: 'Scripts',
  new: 'New script',
  import: 'Import',
  search: 'Search names, descriptions and code',
  searchLabel: 'Search scripts',
  language: 'Language',
  tag: 'Tag',
  folder: 'Folder',
  category: 'Category',
  starred: 'Star',
  starredByMe: 'with my star',
  yes: 'mine',
  star: 'Star {name}',
  starIt: 'Give it a star',
  unstarIt: 'Take the star back',
  exportSelected: 'Export',
  sort: { label: 'Sort', updated: 'Last changed', name: 'Name' },
  columns: {
    label: 'Columns',
    name: 'Name',
    tags: 'Tags',
    language: 'Language',
    lastRun: 'Last run',
    updated: 'Changed',
    actions: 'Actions',
  },
  by: 'by {name}',
  run: 'Run',
  runName: 'Run {name}',
  copy: 'Copy',
  open: 'Open',
  more: 'More for {name}',
  select: 'Select {name}',
  selectAll: 'Select all shown',
  selected: '{n} selected | {n} selected',
  deleteSelected: 'Delete',
  clearSelection: 'Clear',
  queued: '{name} is queued',
  see: 'See it',
  openIt: 'Open it',
  copied: 'Copied as {name}',
  needsValues: '{name} needs values before it can run',
  deletedOne: '{name} is deleted',
  deletedMany: '{n} script is deleted | {n} scripts are deleted',
  restored: 'The script is back | {n} scripts are back',
  end: '{n} script | {n} scripts',
  noneTitle: 'No scripts yet',
  noneText:
    'A script is code with a form: write one here, or import a .py, .js or .sh file you already have.',
  noMatchTitle: 'No script matches',
  noMatchText: 'The search looks in names, descriptions and code. Try fewer words or take a filter off.',
  keys: { run: 'Run', new: 'New script', delete: 'Delete', copy: 'Copy', star: 'Star' },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    scripts: typeof messages
  }
}
