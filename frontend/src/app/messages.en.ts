const messages = {
  skip: 'Skip to the content',
  brandHome: 'Runyard, Home',
  language: 'Language',
  missing: {
    title: 'There is nothing at this address',
    text: 'The link may be old, or what it named was deleted.',
    home: 'Go to Home',
  },
  nav: {
    rail: 'Side bar',
    label: 'Main',
    crumbs: 'Where you are',
    home: 'Home',
    scripts: 'Scripts',
    jobs: 'Jobs',
    runs: 'Runs',
    environments: 'Environments',
    secrets: 'Secrets',
    workers: 'Workers',
    approvals: 'Approvals',
    waiting: '{n} wait for you',
    audit: 'Audit',
    access: 'Access',
    profile: 'Profile',
    narrow: 'Show icons only',
    widen: 'Show words',
  },
  project: {
    label: 'Project',
    noneTitle: 'You belong to no project yet',
    noneText: 'Ask an administrator to make you a member of one.',
  },
  user: { menu: 'Your menu', logout: 'Log out' },
  theme: { label: 'Theme', light: 'Light', dark: 'Dark', system: 'System' },
  live: {
    off: 'Not connected',
    connecting: 'Reconnecting: what you see may be old',
    live: 'Connected: changes appear by themselves',
  },
  asked: {
    text: 'Asked for: it waits for a second person.',
    see: 'See it',
  },
  session: { ended: 'Your session has ended. Log in to go on.' },
  keys: {
    title: 'Keyboard',
    everywhere: 'Everywhere',
    palette: 'Jump to anything',
    sheet: 'Keyboard shortcuts',
  },
  palette: {
    open: 'Search or jump to',
    title: 'Jump to anything',
    placeholder: 'A script, a run, a page, an action',
    pages: 'Go to',
    scripts: 'Scripts',
    runs: 'Runs',
    actions: 'Do',
    none: 'Nothing matches “{q}”.',
    failed: 'Scripts and runs could not be searched.',
    newScript: 'Write a new script',
    newScriptNamed: 'Write a new script “{q}”',
    importFile: 'Import scripts',
    useTheme: 'Use the {theme} theme',
    useLanguage: 'Switch to {language}',
    hintOpen: 'open',
    hintRun: 'run',
    started: '{name} is queued',
    see: 'See it',
    run: 'Run',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    app: typeof messages
  }
}
