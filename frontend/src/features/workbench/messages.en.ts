const messages = {
  title: 'Script',
  newTitle: 'New script',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    workbench: typeof messages
  }
}
