const messages = {
  environment: 'Environment',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    environments: typeof messages
  }
}
