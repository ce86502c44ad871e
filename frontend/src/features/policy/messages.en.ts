const messages = {
  title: 'How it runs',
  given: { title: 'Secrets, variables, connections' },
  retries: {
    title: 'Retries',
    some: '{n} retry | {n} retries',
    count: 'Retries after the first attempt',
    on: 'After',
    outcome: { failed: 'a failure', timed_out: 'a time-out', lost: 'a loss of its machine' },
    delay: 'Wait before the first retry, in seconds',
    backoff: 'Then wait',
    backoffs: { fixed: 'the same each time', exponential: 'twice as long each time' },
    waits: 'Waits, with some jitter: {list}',
    help: 'A cancelled run is never retried.',
  },
  concurrency: {
    title: 'Concurrency',
    some: 'at most {n} at once',
    on: 'Limit how many run at once',
    limit: 'At most',
    key: 'Counted together by',
    keyNone: 'this script',
    keyHelp:
      "Scripts that give the same key count together. In a key, {'{'}REGION{'}'} stands for the value of that parameter.",
    policy: 'When that many run already',
    policies: {
      queue: 'wait in the queue',
      skip: 'refuse the new run',
      cancel_previous: 'cancel the oldest and go on',
    },
  },
  limits: {
    title: 'Limits',
    cpu: 'CPU cores',
    memory_mb: 'Memory, MiB',
    pids: 'Processes',
    disk_mb: 'Disk, MiB',
    output_mb: 'Output, MiB',
    open_files: 'Open files',
    none: 'as installed',
    some: {
      cpu: '{n} cores',
      memory_mb: '{n} MiB memory',
      pids: '{n} processes',
      disk_mb: '{n} MiB disk',
      output_mb: '{n} MiB output',
      open_files: '{n} files',
    },
    help: 'What one attempt may use. The run says which of them were enforced.',
  },
  place: {
    title: 'Queue and isolation',
    queue: 'Queue',
    priority: 'Priority',
    priorityHelp: '−100 to 100; higher ones go first.',
    priorityIs: 'priority {n}',
    isolation: 'Isolation',
    strongest: 'The strongest this machine has',
    isolationHelp: 'Where a level is missing, the run is refused rather than weakened.',
  },
  egress: {
    only: 'Only to these places',
    label: 'Places that the script may reach',
    none: 'The list is empty: nothing is let through.',
    help: 'One on each line: example.com (ports 80 and 443), db.example.com:5432, api.example.com:*, *.example.com, 10.1.2.3:8080. They are reached through a proxy by HTTP and CONNECT; nothing else gets out.',
  },
  python: {
    title: 'Python',
    version: 'Version',
    versionNone: 'any',
    versionHelp: 'Such as 3.12 or >=3.11. What the code asks for in its header holds as well.',
    manager: 'Packages by',
    managers: { uv: 'uv, from a Python index', conda: 'conda, from its channels' },
    managerHelp: 'With conda, Python itself comes out of the channels, too.',
  },
  level: { process: 'Process', bubblewrap: 'Bubblewrap', container: 'Container' },
  mounts: {
    title: 'Host directories',
    some: '{n} host directory | {n} host directories',
    add: 'Add a host directory',
    source: 'On the host',
    target: 'In the script',
    same: 'the same place',
    mode: 'Access to {path}',
    ro: 'read',
    rw: 'read and write',
    remove: 'Remove {path}',
    help: 'Only what an administrator has allowed.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    policy: typeof messages
  }
}
