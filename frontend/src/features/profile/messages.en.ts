const messages = {
  title: 'Profile',
  name: 'Display name',
  nameHelp: 'How others see you. Your user name is {username}.',
  taste: 'Language and theme',
  tasteHelp: 'Kept on your profile, so every browser you log in from follows.',
  saved: 'Saved',
  email: {
    title: 'Mail',
    help: 'Letters to you go there, such as a link for a new password when you have forgotten yours.',
    address: 'Mail address',
    change: 'Change the address',
    invalid: 'That is no mail address.',
    sent: 'A link was sent to {address}. The address holds once you have opened it.',
  },
  tokens: 'Keys for programs that act for you.',
  toTokens: 'Look after your tokens',
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
  factor: {
    title: 'Second factor',
    help: 'Signing in then also asks for a code of an authenticator app on your phone. Tokens of the API go on without.',
    on: 'On since',
    left: 'no recovery codes left | {n} recovery code left | {n} recovery codes left',
    isOff: 'The second factor is off',
    setUp: 'Set up',
    setUpText: 'To begin, type your password.',
    newCodes: 'New recovery codes',
    newCodesText: 'The codes you have are worth nothing after that.',
    turnOff: 'Turn off',
    turnOffText: 'Signing in then takes your password alone.',
    next: 'Next',
    turnOn: 'Turn on',
    kept: 'I have kept them',
    scan: 'Scan this with your authenticator app, then type the code that it shows. Your other sessions end.',
    picture: 'The secret as a picture for your app',
    byHand: 'Or type this in by hand:',
    code: 'Code',
    wrongCode: 'That is not what the app shows at this moment. See that the clock of your phone is right.',
    codes: 'Recovery codes',
    codesText:
      'Each of these signs you in once without the app, should you lose it. They are shown this once: keep them where you would keep a key.',
    copyCodes: 'Copy all',
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
    no_password: 'You have no password here: whoever signs you in looks after that.',
    second_factor_on: 'There is a second factor already.',
    second_factor_off: 'There is no second factor.',
    wrong_password: 'The current password is wrong.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    profile: typeof messages
  }
}
