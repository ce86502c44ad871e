const messages = {
  set: {
    choose: 'Saved values',
    keep: 'Keep these values',
    name: 'A name for these values',
    update: 'Update',
    remove: 'Delete the values “{name}”',
    kept: 'Kept as “{name}”',
    updated: '“{name}” is up to date',
    removed: '“{name}” is deleted',
  },
  found: {
    look: 'Read them off the code',
    by: 'Found by reading the code, without running it: {parsers}',
    nothing: 'Nothing in the code says that it takes parameters.',
    allThere: 'What the code takes is all here already.',
    line: 'line {n}',
    changes: 'replaces yours',
    take: 'Take {n} over | Take {n} over',
    taken: '{n} parameter is taken over | {n} parameters are taken over',
  },
  problems: {
    no_such_set: 'There is no such set of values. It may have been deleted.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    parameters: typeof messages
  }
}
