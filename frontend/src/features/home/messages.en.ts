const messages = {
  title: 'Home',
  today: 'Runs today',
  todayNone: 'None yet today',
  hours: 'Runs in each of the last 24 hours',
  rate: 'Success rate, this week',
  rateNone: 'No run has finished this week',
  finished: 'of {n} finished run | of {n} finished runs',
  better: '{n} points above last week',
  worse: '{n} points below last week',
  same: 'same as last week',
  noBefore: 'nothing to compare with last week',
  queue: 'Queue and slots',
  slots: '{used} of {total} slots busy',
  noWorker: 'No worker is online, so nothing can run.',
  waiting: '{n} queued',
  idle: 'Nothing is waiting',
  machine: 'This machine',
  cpu: 'CPU',
  memory: 'Memory',
  disk: 'Disk',
  cores: '{n} core | {n} cores',
  of: '{used} of {total}',
  running: 'Running now',
  runningNone: 'Nothing is running.',
  broke: 'What broke, last 24 hours',
  brokeNone: 'Nothing broke.',
  times: '{n} time | {n} times',
  since: 'since {time}',
  coming: 'What comes next',
  calendar: 'Calendar',
  comingNone: 'No job is due in the next 24 hours.',
  comingMore: '1 more job within 24 hours | {n} more jobs within 24 hours',
  comingLater: 'More in the calendar',
  recent: 'Recent runs',
  allRuns: 'All runs',
  recentNone: 'Runs will appear here.',
  byWhom: 'by {name}',
  stale: 'These figures are from {time}; the server cannot be reached.',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    home: typeof messages
  }
}
