const messages = {
  title: 'Workers',
  text: 'Machines that execute runs, and what this one can do to confine them.',
  workers: 'Agents',
  none: 'No worker is online. Start one with {command}; queued runs wait for it.',
  state: { online: 'Online', detached: 'Detached', offline: 'Offline' },
  detachedWhy: 'Stopped; the runs it started go on and are adopted when it comes back.',
  column: {
    name: 'Name',
    state: 'State',
    slots: 'Slots',
    queues: 'Queues',
    version: 'Version',
    seen: 'Last heard',
  },
  slots: '{used} of {total}',
  seen: 'last heard {time}',
  isolation: 'Isolation on this machine',
  isolationText:
    'Runs use the strongest level there is. A level that is demanded but missing refuses the run.',
  available: 'Available',
  missing: 'Missing',
  default: 'Default',
  fix: 'How to get it',
  detail: {
    version: 'version',
    engine: 'engine',
    image: 'image',
    user: 'user',
    network: 'network',
    files: 'files',
    system_calls: 'system calls',
    limits: 'limits',
    disk: 'disk',
  },
  gives: {
    process:
      'Own user, session and limits. The script sees the machine’s files that its user may read, and its network.',
    bubblewrap:
      'Namespaces: a read-only system, private /tmp and /proc, nothing of the data directory, network on or off.',
    container: 'A container of Docker or Podman, with its own root file system.',
  },
  version: 'Runyard {version}',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    workers: typeof messages
  }
}
