const messages = {
  title: 'What arrived',
  none: 'Nothing has arrived yet. What does is listed here, with what became of it.',
  itsRun: 'its run',
  details: 'Details',
  outcome: {
    accepted: 'Accepted',
    refused: 'Refused',
    ignored: 'Ignored',
    duplicate: 'Had arrived before',
    failed: 'Failed',
  },
  reason: { condition: 'The condition did not hold' },
  test: {
    open: 'Test call',
    title: 'Test call',
    text: 'Shows what the trigger makes of a payload. No signature is needed here.',
    type: 'Kind of payload',
    body: 'Payload',
    headers: 'Headers',
    headersHelp: 'One on each line: name: value',
    notJson: 'The payload is not valid JSON.',
    look: 'See what comes of it',
    run: 'Run it',
    close: 'Close',
    started: 'A run was started:',
    verdict: {
      starts: 'It would start a run.',
      ignored: 'The condition does not hold: it would start nothing.',
      wrong: 'No run can be made of it.',
    },
    noParameters: 'It maps no parameters: the run gets those of the job.',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    deliveries: typeof messages
  }
}
