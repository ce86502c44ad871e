const messages = {
  search: 'Search the log',
  hits: '{current} of {total}',
  hitsMany: '{current} of {total}+',
  noHits: 'No match',
  next: 'Next match (Enter)',
  previous: 'Previous match (Shift Enter)',
  stream: 'Which output',
  all: 'All output',
  stdout: 'Standard output',
  stderr: 'Standard error',
  system: 'Runyard’s own lines',
  wrap: 'Wrap long lines',
  times: 'Times',
  timesNone: 'No times',
  timesClock: 'Time of day',
  timesElapsed: 'Since start',
  goTo: 'Go to line',
  line: 'Line number',
  download: 'Download as text',
  toEnd: 'Jump to the end',
  toLive: 'Jump to live',
  fresh: '{n} new line | {n} new lines',
  count: '{n} line | {n} lines',
  live: 'Live',
  connecting: 'Connecting…',
  waiting: 'Connection lost, trying again…',
  empty: 'Nothing was printed.',
  emptyLive: 'Nothing printed yet.',
  emptyFilter: 'Nothing on this stream.',
  failed: 'The log could not be loaded',
  partFailed: 'Some lines could not be loaded.',
  copyLines: 'Copy line | Copy {n} lines',
  copyLink: 'Copy link',
  unselect: 'Clear the selection',
  picked: 'Line {from}',
  pickedMany: 'Lines {from}–{to}',
  rest: 'Show {n} more characters',
  linkTo: 'Line {n}',
  keys: 'Log',
  find: 'Search the log',
  nextKey: 'Next match',
  previousKey: 'Previous match',
  wrapKey: 'Wrap long lines',
  endKey: 'Jump to the end',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    log: typeof messages
  }
}
