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
  compulsory: {
    everybody:
      'A second factor is compulsory here. If you have none yet, you set one up once you are logged in.',
    administrators: 'Administrators need a second factor here. Who has none yet sets one up once logged in.',
    why: 'A second factor is compulsory here. Set yours up with an authenticator app on your phone before you go on.',
    scan: 'Scan this with your authenticator app, then type the code that it shows.',
  },
  sso: {
    continue: 'Continue with {label}',
    or: 'or',
    arriving: 'Logging you in…',
    oidc: 'SSO',
    ldap: 'LDAP',
    elsewhere: 'You log in by {ways}. Your password is kept there and changed there.',
    alsoElsewhere: 'You may log in by {ways} as well.',
  },
  toLogin: 'To the login',
  forgotten: {
    ask: 'Forgotten your password?',
    title: 'Forgotten password',
    who: 'User name or mail address',
    submit: 'Send a link',
    sent: 'If there is such a user with a mail address, a letter with a link is on its way. Look into your mail.',
    again: 'Ask for a new link',
    noMail:
      'This installation sends no mail. Ask an administrator for a new password: they give one under Access, Users.',
    onServer: 'Or on the server itself:',
    name: 'NAME',
  },
  reset: {
    title: 'New password',
    help: 'All your sessions end with it. The link works once.',
    next: 'New password',
    again: 'New password again',
    short: 'Use at least 8 characters.',
    differ: 'The two do not match.',
    submit: 'Set the password',
    done: 'The password is set. Log in with it.',
  },
  confirm: {
    title: 'Mail address',
    done: 'The address is confirmed: letters to you go there.',
    on: 'To your profile',
  },
  newcomer: {
    displayName: 'Shown as (optional)',
    nameNeeded: 'Choose a user name.',
  },
  invitation: {
    title: 'Invitation',
    by: '{name} invites you. Choose a user name and a password.',
    submit: 'Come in',
  },
  register: {
    ask: 'Register',
    title: 'Register',
    submit: 'Register',
  },
  problems: {
    sso_expired: 'This login was begun elsewhere, or too long ago. Try once more.',
    sso_refused: 'The provider did not log you in.',
    sso_not_trusted:
      'What the provider said could not be checked. Try again; if it stays so, tell an administrator.',
    sso_unknown_key: 'The provider has signed with a key that it does not publish. Tell an administrator.',
    sso_not_allowed: 'You are known there, but in none of the groups that may log in here.',
    sso_no_account: 'You have no account here. An administrator has to make one for you first.',
    sso_not_set_up: 'No login provider is set up here.',
    sso_unreachable: 'The login provider can’t be reached. Try again in a moment.',
    ldap_unreachable: 'The directory of users can’t be asked. Try again in a moment.',
    local_login_off: 'Local passwords are switched off. Use the way that your organisation offers.',
    password_elsewhere: 'They log in by single sign-on: their password is kept there.',
    link_spent: 'This link is not valid, or no longer. Ask for a new one.',
    mail_not_set_up: 'This installation sends no mail. Ask an administrator for a new password.',
    registration_closed: 'Nobody registers by themselves here. Ask an administrator for an invitation.',
    username_taken: 'There is a user of that name already.',
    second_factor_required: 'A second factor is compulsory here. Set yours up first.',
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
