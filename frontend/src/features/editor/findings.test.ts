import { forEachDiagnostic, type Diagnostic } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { afterEach, expect, it, vi } from 'vitest'
import { addMessages } from '@/ui/i18n'
import { lintCode, type Findings } from './api'
import { findings, lookAgain } from './findings'
import messages from './messages.en'
import { noHelp } from './state'

vi.mock('./api')
addMessages('en', { editor: messages })
const views: EditorView[] = []
afterEach(() => {
  for (const view of views.splice(0)) view.destroy()
})

// A busy machine is no fault of the editor's.
const PATIENCE = { timeout: 30_000 }
vi.setConfig({ testTimeout: 60_000 })

const at = (line: number, column: number) => ({ line, column })
const UNUSED: Findings = {
  program: 'ruff',
  version: '1.0',
  missing: null,
  items: [
    {
      start: at(1, 8),
      end: at(1, 10),
      severity: 'warning',
      code: 'F401',
      message: '`os` imported but unused',
      url: '',
      fix: { title: 'Remove', edits: [{ start: at(1, 1), end: at(2, 1), text: '' }] },
    },
  ],
}

async function looked(answer: () => Promise<Findings>, doc = 'import os\nprint(1)\n') {
  vi.mocked(lintCode).mockImplementation(answer)
  const told = noHelp()
  const state = EditorState.create({ doc, extensions: [findings(() => 'python', told)] })
  const view = new EditorView({ state, parent: document.body })
  views.push(view)
  view.dispatch({ effects: lookAgain.of(null) })
  await vi.waitFor(() => {
    expect(told.linter + told.trouble).not.toBe('')
  }, PATIENCE)
  const shown: Diagnostic[] = []
  await vi.waitFor(() => {
    shown.length = 0
    forEachDiagnostic(view.state, (one) => shown.push(one))
    expect(shown).toHaveLength(told.errors + told.warnings + told.infos)
  }, PATIENCE)
  return { view, told, shown }
}

it('marks what was found, counts it, and mends it', async () => {
  const { view, told, shown } = await looked(() => Promise.resolve(UNUSED))
  expect(told).toMatchObject({ errors: 0, warnings: 1, infos: 0, linter: 'ruff 1.0', trouble: '' })
  expect(shown[0]).toMatchObject({ from: 7, to: 9, severity: 'warning', source: 'ruff F401' })
  const action = shown[0]?.actions?.[0]
  expect(action?.name).toBe('Mend it')
  action?.apply(view, 7, 9)
  expect(view.state.doc.toString()).toBe('print(1)\n')
})

it('mends nothing once the text is another', async () => {
  const { view, shown } = await looked(() => Promise.resolve(UNUSED))
  view.dispatch({ changes: { from: 0, insert: '# ' } })
  shown[0]?.actions?.[0]?.apply(view, 9, 11)
  expect(view.state.doc.toString()).toBe('# import os\nprint(1)\n')
})

it('says who is missing', async () => {
  const missing = { name: 'shellcheck', fix: 'install it' }
  const { told } = await looked(() => Promise.resolve({ program: 'bash', version: '5', items: [], missing }))
  expect(told.lack).toEqual(missing)
})

it('says that the code was not checked, and forgets what it knew', async () => {
  const { told, shown } = await looked(() => Promise.reject(new Error('no answer')))
  expect(told).toMatchObject({ trouble: 'no answer', errors: 0, warnings: 0 })
  expect(shown).toEqual([])
})
