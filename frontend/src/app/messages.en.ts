const messages = {
  missing: {
    title: 'There is nothing at this address',
    text: 'The link may be old, or what it named was deleted.',
    home: 'Go to Home',
  },
  nav: {
    home: 'Home',
    scripts: 'Scripts',
    runs: 'Runs',
    environments: 'Environments',
    workers: 'Workers',
    profile: 'Profile',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    app: typeof messages
  }
}
