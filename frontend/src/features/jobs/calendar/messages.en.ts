const messages = {
  title: 'Calendar',
  text: 'What ran and what comes, on the clock of {zone}.',
  before: 'Earlier',
  after: 'Later',
  today: 'Today',
  views: 'How much at a time',
  view: { month: 'Month', week: 'Week', day: 'Day' },
  job: 'Job',
  all: 'All jobs',
  none: 'Nothing ran, and nothing is due.',
  due: 'Due',
  ran: 'Ran',
  because: '{text}: {name}',
  every: 'every {span}',
  each: { d: 'every day', h: 'every hour', m: 'every minute', s: 'every second' },
  times: '{n}×',
  more: '{n} more',
  capped: 'There is more than can be shown at once. Pick a job, or look at fewer days.',
  load: {
    title: {
      day: 'Load of the next 24 hours',
      week: 'Load of the next 7 days',
      month: 'Load of the next 30 days',
    },
    used: 'Worker-hours',
    capacity: 'Capacity',
    most: 'Busiest from {at}: {used} of {capacity} worker-hours, if runs take as long as they usually do.',
    nothing: 'Nothing is to come that is known to take any time.',
    capped: 'There are more triggers than were counted.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    calendar: typeof messages
  }
}
