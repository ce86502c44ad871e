const messages = {
  title: 'Blackouts',
  text: 'Calendars in whose windows jobs start nothing. What was due meanwhile is noted in the job’s slots, with the name of the window.',
  new: 'New calendar',
  name: 'Name',
  nameHint: 'Holidays',
  wholeLabel: 'Holds for every job of this project',
  whole: 'every job',
  usedBy: 'no job uses it | {n} job uses it | {n} jobs use it',
  editOne: 'Change {name}',
  removeOne: 'Delete {name}',
  emptyTitle: 'There is no blackout calendar yet',
  emptyText:
    'Make one for holidays, for the nights of a maintenance, or for hours in which nothing may start.',
  saved: '{name} is saved',
  deleted: '{name} is deleted',
  remove: {
    title: 'Delete {name}?',
    text: 'No job goes by it. | {n} job goes by it, and will start in its windows. | {n} jobs go by it, and will start in its windows.',
  },
  next: 'Next:',
  stretch: '{name}: {start} – {end}',
  over: 'None of its windows is still to come.',
  everyDay: 'every day',
  and: ', ',
  type: { dates: 'Whole days', hours: 'Weekly hours', between: 'Between two times' },
  said: {
    date: '{first}',
    dates: '{first} to {last}',
    hours: '{days}, {start} to {end}',
    between: '{start} to {end}',
  },
  window: 'Window {n}',
  windowName: 'What it is called',
  windowHint: { dates: 'Christmas', hours: 'Night', between: 'Move of the database' },
  removeWindow: 'Remove window {n}',
  weekdays: 'Days of the week',
  first: 'First day',
  last: 'Last day',
  start: 'From',
  end: 'Until before',
  overnight: 'on the next day',
  mine: 'On your clock',
  trouble: {
    name: 'A name is needed.',
    none: 'A calendar needs a window.',
    windowName: 'A name is needed: slots tell it as the reason.',
    end: 'It ends before it begins.',
    weekdays: 'Pick a day.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    blackouts: typeof messages
  }
}
