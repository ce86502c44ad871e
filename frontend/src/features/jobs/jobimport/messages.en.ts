const messages = {
  title: 'Import schedules and jobs',
  text: 'Each schedule becomes a script with its command, and a job that runs it. First you see what would be made; nothing is changed by that.',
  kinds: 'What it is',
  kind: {
    crontab: 'A crontab',
    cron_d: 'A file of cron.d',
    github: 'A GitHub Actions workflow',
    qinglong: 'A QingLong export',
    runyard: 'Jobs exported from Runyard',
  },
  kindHelp: {
    crontab: 'what crontab -l prints',
    cron_d: 'also /etc/crontab: with a user before the command',
    github: 'the YAML of a workflow with on: schedule',
    qinglong: 'the JSON of its scheduled tasks',
    runyard: 'the YAML or JSON of Export; their scripts have to be here already',
  },
  hint: {
    crontab: '0 3 * * * /usr/local/bin/backup --all',
    cron_d: '0 3 * * * root /usr/local/bin/backup --all',
    github: 'on:',
    qinglong: '[]',
    runyard: 'format: runyard-jobs',
  },
  source: 'Schedules',
  drop: 'Paste them, or drop a file here.',
  pick: 'Pick a file',
  tooLarge: '{name} is too large for a list of schedules.',
  look: 'See what would be made',
  nothing: 'There is no schedule in it that can be carried.',
  plan: '{n} of {of} schedules chosen',
  all: 'Choose all',
  chooseOne: 'Choose {name}',
  wasOff: 'switched off there',
  leftOut: '{n} entry can’t be carried | {n} entries can’t be carried',
  begins: 'How the jobs begin',
  begin: { shadow: 'In shadow', enabled: 'On', disabled: 'Off' },
  beginHelp: {
    shadow:
      'They note when they would have run and start nothing, until you have compared them with the old system and cut over.',
    enabled: 'They run from now on. Switch the old system off first, or everything runs twice.',
    disabled: 'They wait until you switch them on.',
  },
  prefix: 'Names begin with',
  prefixHelp: 'Empty: as they are called.',
  folder: 'Folder of the scripts',
  folderHelp: 'Empty: at the top.',
  apply: 'Import {n} schedule | Import {n} schedules',
  made: '{n} job was made | {n} jobs were made',
  now: {
    shadow: 'They are in shadow: compare each with the old system’s log on its page, then cut over.',
    enabled: 'They run from now on.',
    disabled: 'They are switched off.',
  },
  secret: 'Secret of the webhook {id}, shown this once',
  copySecret: 'Copy the secret',
  toJobs: 'All jobs',
  toCalendar: 'See them in the calendar',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    jobimport: typeof messages
  }
}
