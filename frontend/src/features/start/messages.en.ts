const messages = {
  title: 'Three ways to begin',
  text: 'A first run takes a minute. Everything here can be changed or deleted later.',
  example: 'Run an example',
  exampleText: 'Ready-made scripts that need no packages. Pick one, and watch it work.',
  allExamples: 'All examples',
  noExamples: 'The examples were deleted from this project.',
  write: 'Write a script',
  writeText: 'Python, JavaScript or shell, with a form for its parameters and packages built for it.',
  writeAction: 'New script',
  import: 'Import what you have',
  importText:
    'A script, a project as .zip or .tar.gz, a Git repository or a Gist. You can drop files here too.',
  importAction: 'Import',
  drop: 'Drop to import',
}

export default messages

declare module '@/ui/i18n/catalog' {
  interface Catalog {
    start: typeof messages
  }
}
