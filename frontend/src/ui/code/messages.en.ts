const messages = {
  leave: 'Press Escape, then Tab to leave the editor',
  same: 'The code is the same.',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    code: typeof messages
  }
}
