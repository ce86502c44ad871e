import {
  closeSearchPanel,
  findNext,
  findPrevious,
  getSearchQuery,
  replaceAll,
  replaceNext,
  SearchQuery,
  selectMatches,
  setSearchQuery,
} from '@codemirror/search'
import { runScopeHandlers, type EditorView, type Panel, type ViewUpdate } from '@codemirror/view'
import { t, type MessageKey } from '@/ui/i18n'
import { countMatches } from './matches'

type Flag = 'caseSensitive' | 'wholeWord' | 'regexp'
const FLAGS: readonly { flag: Flag; sign: string; label: MessageKey }[] = [
  { flag: 'caseSensitive', sign: 'Aa', label: 'code.search.case' },
  { flag: 'wholeWord', sign: '“ab”', label: 'code.search.word' },
  { flag: 'regexp', sign: '.*', label: 'code.search.regexp' },
]

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Find and replace: which match one is at, of how many, and every switch within reach of the keyboard. */
export function searchPanel(view: EditorView): Panel {
  const find = field('code.search.find', { 'main-field': 'true', name: 'search' })
  const replacement = field('code.search.replaceBy', { name: 'replace' })
  const count = element('span', { class: 'ry-count', role: 'status' })
  const flags = FLAGS.map(({ flag, sign, label }) => {
    const made = button(sign, label, () => {
      made.setAttribute('aria-pressed', String(made.getAttribute('aria-pressed') !== 'true'))
      commit()
    })
    return { flag, made }
  })

  function field(label: MessageKey, attributes: Record<string, string>): HTMLInputElement {
    const made = element('input', {
      class: 'cm-textfield',
      placeholder: t(label),
      'aria-label': t(label),
      autocomplete: 'off',
      spellcheck: 'false',
      ...attributes,
    })
    made.addEventListener('input', () => {
      commit()
    })
    return made
  }
  function button(sign: string, label: MessageKey, run: () => unknown): HTMLButtonElement {
    const made = element(
      'button',
      { type: 'button', class: 'cm-button', title: t(label), 'aria-label': t(label) },
      sign,
    )
    made.addEventListener('click', () => void run())
    return made
  }

  function commit(): void {
    const on = (flag: Flag) =>
      flags.find((one) => one.flag === flag)?.made.getAttribute('aria-pressed') === 'true'
    const query = new SearchQuery({
      search: find.value,
      replace: replacement.value,
      caseSensitive: on('caseSensitive'),
      wholeWord: on('wholeWord'),
      regexp: on('regexp'),
    })
    if (!query.eq(getSearchQuery(view.state))) view.dispatch({ effects: setSearchQuery.of(query) })
    show()
  }

  /** Take over a query that came from elsewhere, such as the selection. */
  function adopt(): void {
    const query = getSearchQuery(view.state)
    if (find.value !== query.search) find.value = query.search
    if (replacement.value !== query.replace) replacement.value = query.replace
    for (const { flag, made } of flags) made.setAttribute('aria-pressed', String(query[flag]))
    show()
  }

  function show(): void {
    const query = getSearchQuery(view.state)
    find.setAttribute('aria-invalid', String(query.search !== '' && !query.valid))
    if (!query.search) count.textContent = ''
    else if (!query.valid) count.textContent = t('code.search.invalid')
    else {
      const { at, total, more } = countMatches(view.state, query)
      const all = more ? `${total}+` : String(total)
      count.textContent = total === 0 ? t('code.search.none') : at ? `${at} / ${all}` : all
    }
  }

  const finding = element(
    'div',
    { class: 'ry-line' },
    find,
    ...flags.map(({ made }) => made),
    count,
    button('↑', 'code.search.previous', () => findPrevious(view)),
    button('↓', 'code.search.next', () => findNext(view)),
    button('≡', 'code.search.all', () => {
      selectMatches(view)
      view.focus()
    }),
  )
  const replacing = element(
    'div',
    { class: 'ry-line' },
    replacement,
    wordy('code.search.replace', () => replaceNext(view)),
    wordy('code.search.replaceAll', () => replaceAll(view)),
  )
  function wordy(label: MessageKey, run: () => unknown): HTMLButtonElement {
    const made = button(t(label), label, run)
    made.removeAttribute('title')
    return made
  }
  const close = button('×', 'code.search.close', () => {
    closeSearchPanel(view)
    view.focus()
  })
  close.className = 'ry-close'

  const dom = element('div', { class: 'ry-search', role: 'search' }, finding)
  if (!view.state.readOnly) dom.append(replacing)
  dom.append(close)
  dom.addEventListener('keydown', (event) => {
    if (runScopeHandlers(view, event, 'search-panel')) event.preventDefault()
    else if (event.key === 'Enter' && event.target === find) {
      event.preventDefault()
      if (event.shiftKey) findPrevious(view)
      else findNext(view)
    } else if (event.key === 'Enter' && event.target === replacement) {
      event.preventDefault()
      replaceNext(view)
    }
  })

  return {
    dom,
    top: true,
    mount: () => {
      adopt()
      find.select()
    },
    update: (update: ViewUpdate) => {
      const told = update.transactions.some((one) => one.effects.some((effect) => effect.is(setSearchQuery)))
      if (told) adopt()
      else if (update.docChanged || update.selectionSet) show()
    },
  }
}
