const messages = {
  run: 'Run',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    runs: typeof messages
  }
}
