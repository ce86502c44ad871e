const messages = {
  title: 'Where it comes from',
  git: 'Git repository',
  gist: 'Gist',
  ref: 'Branch or tag',
  path: 'Path',
  revision: 'Commit',
  copyRevision: 'Copy the commit',
  last: 'Last in step',
  never: 'never',
  every: 'Looked at every',
  byHand: 'only when called or asked',
  webhook: 'Webhook',
  copyWebhook: 'Copy the address of the webhook',
  webhookHelp: 'Calls are signed with the secret that was shown when the script was imported or attached.',
  sync: 'Sync now',
  synced: 'The script is in step',
  detach: 'Detach',
  detachTitle: 'Stop keeping it in step?',
  detachText:
    'The script stays as it is. Its webhook and its token are forgotten; it can be attached again later.',
  here: 'The script is kept only here.',
  attach: 'Attach to Git or a Gist',
  attachTitle: 'Keep the script in step',
  attachText:
    'What the source holds becomes the next version of the code and its files. Parameters and settings stay, and older versions can be rolled back to.',
  detached: 'The script is no longer kept in step',
  files: '{n} file | {n} files',
  entry: 'is started: the code in the editor',
  inWorkspace: 'copied into the workspace',
  download: 'Download {name}',
  binary: 'The file is not text.',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    sources: typeof messages
  }
}
