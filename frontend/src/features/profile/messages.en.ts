const messages = {
  title: 'Profile',
  name: 'Display name',
  nameHelp: 'How others see you. Your user name is {username}.',
  taste: 'Language and theme',
  tasteHelp: 'Kept on your profile, so every browser you log in from follows.',
  saved: 'Saved',
  password: {
    title: 'Password',
    help: 'Changing it ends your sessions in other browsers.',
    current: 'Current password',
    next: 'New password',
    again: 'New password again',
    change: 'Change the password',
    changed: 'The password is changed',
    short: 'Use at least 8 characters.',
    differ: 'The two do not match.',
    needed: 'Type your current password.',
  },
  sessions: {
    title: 'Sessions',
    help: 'Where you are signed in. Sign out of what you do not know, then change your password.',
    current: 'this one',
    used: 'used',
    unknown: 'An unknown program',
    end: 'Sign out',
    ended: 'Signed out there',
  },
  problems: {
    wrong_password: 'The current password is wrong.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    profile: typeof messages
  }
}
