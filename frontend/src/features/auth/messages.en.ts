const messages = {
  login: {
    title: 'Log in',
    lead: 'to your yard',
    username: 'User name',
    password: 'Password',
    show: 'Show the password',
    hide: 'Hide the password',
    submit: 'Log in',
    first: 'First time here?',
    firstText:
      'The user is {user}. Its password was printed when the server first started, and is kept in the file {file} of its data directory.',
    required: 'Fill in both fields.',
  },
  code: {
    label: 'Code',
    help: 'Open your authenticator app and type the code that it shows, or type one of your recovery codes.',
    required: 'Type the code.',
    back: 'Log in as somebody else',
  },
  problems: {
    second_factor_needed: 'A code of your authenticator app is needed as well.',
    wrong_code: 'The code is wrong, or was used already.',
    bad_credentials: 'The user name or the password is wrong.',
    account_disabled: 'This account is disabled. An administrator can enable it again.',
    bad_token: 'Your session has ended. Log in again.',
    too_many_attempts: 'Too many failed attempts. Wait a little and try again.',
    cross_site: 'This address is not the one the server knows itself by. Check its public URL setting.',
    session_ended: 'Your session has ended. Log in again.',
    sign_in_busy: 'The server is checking too many passwords at once. Try again in a moment.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    auth: typeof messages
  }
}
