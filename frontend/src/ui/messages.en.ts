const messages = {
  state: {
    queued: 'Queued',
    starting: 'Starting',
    running: 'Running',
    succeeded: 'Succeeded',
    failed: 'Failed',
    timed_out: 'Timed out',
    cancelled: 'Cancelled',
    lost: 'Lost',
    waiting: 'Waiting',
    skipped: 'Skipped',
    pending: 'Pending',
    building: 'Building',
    ready: 'Ready',
    never: 'Never run',
  },
  language: { python: 'Python', javascript: 'JavaScript', shell: 'Shell', sql: 'SQL' },
  duration: { ms: '{n} ms', s: '{n} s', m: '{n} m', h: '{n} h', d: '{n} d', two: '{whole} {rest}' },
  time: { justNow: 'just now' },
  action: {
    retry: 'Try again',
    cancel: 'Cancel',
    close: 'Close',
    download: 'Download',
    delete: 'Delete',
    undo: 'Undo',
    copy: 'Copy',
    copied: 'Copied',
    save: 'Save',
    back: 'Back',
    clear: 'Clear',
    clearFilters: 'Clear filters',
    more: 'More',
    loadMore: 'Load more',
    dismiss: 'Dismiss',
    addFilter: 'Add filter',
    removeFilter: 'Remove filter {name}',
  },
  error: {
    title: 'This could not be loaded',
    code: 'Code',
    request: 'Request',
  },
  confirm: {
    typeName: 'Type {name} to confirm',
  },
  keys: {
    next: 'Next row',
    previous: 'Previous row',
    open: 'Open',
    select: 'Select',
    search: 'Search',
    clear: 'Clear the selection',
  },
  problems: {
    unknown: 'Something went wrong, and the server did not say what.',
    unreachable: 'The server cannot be reached. It may be restarting, or the network is down.',
    too_many: 'Too many requests. Wait a moment and try again.',
    unauthenticated: 'Your session has ended. Log in again.',
    forbidden: 'You may not do this.',
    not_found: 'This does not exist, or you may not see it.',
    conflict: 'Somebody changed this at the same time. Reload and try again.',
    version_conflict: 'Somebody saved a newer version in the meantime.',
    name_taken: 'This name is already taken.',
    no_such_project: 'There is no such project.',
    no_such_script: 'There is no such script. It may have been deleted.',
    no_such_version: 'There is no such version of this script.',
    no_such_environment: 'There is no such environment. It may have been deleted.',
    invalid_script: 'Some fields of the script need another look.',
    invalid_parameters: 'Some values need another look.',
    database_unavailable: 'The server cannot reach its database. Try again in a moment.',
    internal_error: 'The server made a mistake. It is in its log under the request id.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    ui: typeof messages
  }
}
