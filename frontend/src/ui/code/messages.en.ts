const messages = {
  leave: 'Press Escape, then Tab to leave the editor',
  same: 'The code is the same.',
  sides: 'Side by side',
  unified: 'One column',
  layout: 'How the difference is shown',
  previousChange: 'Previous change',
  nextChange: 'Next change',
  changes: '{n} change | {n} changes',
  search: {
    find: 'Find',
    replaceBy: 'Replace by',
    case: 'Match case',
    word: 'Whole words',
    regexp: 'Regular expression',
    previous: 'Previous match (Shift Enter)',
    next: 'Next match (Enter)',
    all: 'Select every match',
    replace: 'Replace',
    replaceAll: 'Replace all',
    close: 'Close the search',
    none: 'No match',
    invalid: 'Not a valid expression',
  },
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    code: typeof messages
  }
}
