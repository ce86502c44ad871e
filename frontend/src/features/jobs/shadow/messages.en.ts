const messages = {
  title: 'Shadow',
  text: 'The job notes when it would have run, and starts nothing. Compare that with the log of the old system; when they agree, switch the old one off and cut over.',
  log: 'Log of the old system',
  logHelp: 'Each line with a time counts: of cron in the syslog, of journalctl, of an application.',
  contains: 'Only lines with',
  containsHelp: 'Such as the name of the command. Empty: all.',
  from: 'From',
  to: 'Until',
  tolerance: 'Seconds apart',
  toleranceHelp: 'Starts this close count as the same.',
  compare: 'Compare',
  same: 'The old system did just what the job would have done.',
  differs: 'The two differ.',
  late: 'The old system was usually {usual} later, at the most {most}.',
  later: '{span} apart',
  kind: { both: 'Both', here: 'Only the job', there: 'Only the old system' },
  unread: '{n} line tells no time. | {n} lines tell no time.',
  all: 'Also show those that agree',
  cutOver: 'Cut over',
  cutTitle: 'Cut over to this job?',
  cutText: 'From now on it starts its runs itself. Switch the old system off, or everything runs twice.',
  over: 'The job has taken over',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    shadow: typeof messages
  }
}
