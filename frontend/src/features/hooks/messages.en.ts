const messages = {
  title: 'Hooks',
  before: 'Before the script',
  after: 'After the script',
  own: 'written in {language}, not in shell',
  beforeHelp: 'If it fails, the script is not run.',
  afterHelp: 'Runs whatever happened; RUNYARD_EXIT_CODE says how the script ended.',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    hooks: typeof messages
  }
}
