const messages = {
  setting: {
    timeout_s: 'Timeout',
    limits: 'Limits',
    network: 'Network',
    queue: 'Queue',
    priority: 'Priority',
    isolation: 'Isolation',
    retries: 'Retries',
    retry_delay_s: 'Delay before a retry',
    backoff: 'Growth of the delay',
    retry_on: 'Retried after',
    concurrency: 'Concurrency',
    mounts: 'Mounted directories',
    egress: 'Addresses it may reach',
    python_version: 'Python version',
    package_manager: 'Package manager',
    secrets: 'Secrets',
    variables: 'Variables',
    connections: 'Connections',
    row_limit: 'Rows at most',
    stage: 'Stage',
    hooks: 'Hooks',
    entry: 'File that is started',
    files: 'Files',
    in_workspace: 'Project in the workspace',
    library: 'Shared library',
    state: 'Keeps state',
  },
  ofScript: 'the script’s {name}',
  otherText: 'another text',
  otherEnvironment: 'another environment with the same packages',
  otherWorker: 'another worker',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    compared: typeof messages
  }
}
