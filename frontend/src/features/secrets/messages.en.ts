const messages = {
  tabs: {
    label: 'Secrets',
    secrets: 'Secrets',
    variables: 'Variables',
    connections: 'Connections',
    stages: 'Stages',
  },
  intro: {
    secret:
      'What scripts need and nobody should see. A script that lists a name finds it as an environment variable; the value is masked in everything it says, and never shown again.',
    variable:
      'What scripts need and everybody may see. A script that lists a name finds it as an environment variable.',
  },
  order:
    'A script is given the nearest value: its own, else the project’s, else everybody’s. In one place, a value for the run’s stage wins over one for every stage.',
  add: 'Add a value',
  new: { secret: 'New secret', variable: 'New variable' },
  empty: { secret: 'No secrets yet', variable: 'No variables yet' },
  emptyText: 'Add a value, then list its name in a script’s settings.',
  closedTitle: 'Not for your role',
  closedText: 'Secrets are for those who may use them; an administrator of the project gives that right.',
  none: 'Nothing fits.',
  search: 'Search names and descriptions',
  look: 'Who uses it',
  change: 'Change',
  more: 'More about {name}, {place}',
  version: 'version {n}',
  attempt: 'attempt {n}',
  lastUsed: 'last used by {name}',
  neverUsed: 'Never used',
  valuedAt: 'set',
  uses: 'Given to',
  usedBy: 'One script lists it | {n} scripts list it',
  usedByNone: 'No script lists it',
  name: 'Name',
  nameHelp: 'The environment variable that scripts find.',
  value: 'Value',
  valueHelp: 'Shown to nobody once it is saved. Short values also hide ordinary words in logs.',
  valueKept: 'Leave it empty to keep the present value. Another one counts from the next attempt on.',
  description: 'What it is for',
  belongs: 'Belongs to',
  script: 'Script',
  scriptHint: 'Search by name',
  scriptNone: 'No script has that name',
  level: { project: 'The project', script: 'A script', global: 'Everybody' },
  place: { project: 'The project', script: 'Script {name}', global: 'Everybody' },
  save: 'Save',
  saved: '{name} saved',
  changeTitle: 'Change {name}',
  deleted: '{name} deleted',
  deleteTitle: 'Delete {name}?',
  deleteText: '{place}, {stage}. The value goes for good; runs that need it will fail to start.',
  stage: {
    label: 'Stage',
    all: 'All',
    every: 'every stage',
    none: 'none',
    intro:
      'The same script for development and production: a value may be for one stage only, and each run is in one.',
    listHelp: 'Apart by commas. Values for a stage that is gone stay, and no run is given them.',
    default: 'Runs are in',
    noDefault: 'no stage',
    defaultHelp: 'Unless they or their script name another one.',
    ofProject: 'The project’s default ({stage})',
    saved: 'Stages saved',
  },
  listed: {
    secrets: 'Each arrives as an environment variable. A run fails to start when one is missing.',
    variables: 'The same, but not hidden.',
    connections: 'Each arrives as a URL, and whole as JSON under its name with _JSON.',
    choose: 'Choose or type names',
  },
  resolved: {
    title: 'What runs are given',
    asRun: 'by default',
    wins: 'This one wins.',
    missing: 'There is no value: runs will fail to start.',
    nearer: 'a nearer one wins',
    stage: 'one for the stage wins',
    other_stage: 'for another stage',
  },
  scrub: {
    title: 'In logs of the past',
    connection:
      'Were its secrets printed before they were kept here? They are looked for in stored logs, outputs, parameters and errors, and masked there. Files that runs left are not looked into.',
    secret:
      'Was it printed before it was a secret? Its present value is looked for in stored logs, outputs, parameters and errors, and masked there. Files that runs left are not looked into.',
    begin: 'Mask it there',
    begun: 'Looking for it',
    going: '{done} of {total} runs',
    finished: 'Looked into one run, found in {changed}. | Looked into {done} runs, found in {changed}.',
    failed: 'Stopped after one run. | Stopped after {done} runs.',
  },
}
export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    secrets: typeof messages
  }
}
