const messages = {
  login: { title: 'Log in' },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    auth: typeof messages
  }
}
