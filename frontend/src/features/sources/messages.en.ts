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
  webhookHelp: 'Calls are signed with the secret that was shown when the script was imported.',
  sync: 'Sync now',
  synced: 'The script is in step',
  detach: 'Detach',
  detachTitle: 'Stop keeping it in step?',
  detachText:
    'The script stays as it is. Its webhook and its token are forgotten; to keep it in step again, import it again.',
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
