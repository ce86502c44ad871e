import { useQuery } from '@tanstack/vue-query'
import { watchDebounced } from '@vueuse/core'
import { onBeforeUnmount, reactive, ref, watch, type Ref } from 'vue'
import { onLive } from '@/api/live'
import type { Language } from '@/api/types'
import type { Editor } from '@/ui/code/editor'
import { t } from '@/ui/i18n'
import { toast, toastProblem } from '@/ui/toast/toasts'
import { formatCode, listSnippets, snippetKey } from './api'
import type { Help } from './help'
import { noHelp, type HelpState } from './state'

const SETTLE_MS = 1500

interface Given {
  editor: Ref<Editor | null>
  language: Ref<Language>
  requirements: Ref<readonly string[]>
}

/** Help with the code of one editor, fetched once the editor stands: whoever only looks at a page never loads it. */
export function useHelp({ editor, language, requirements }: Given) {
  const told = reactive<HelpState>(noHelp())
  const formatting = ref(false)
  const snippets = useQuery({ queryKey: snippetKey, queryFn: listSnippets, staleTime: 60_000 })
  let help: Help | null = null
  let gone = false

  async function format(): Promise<void> {
    const view = editor.value?.view
    const written = language.value
    if (!view || formatting.value || written === 'sql') return
    formatting.value = true
    const before = view.state.doc
    try {
      const done = await formatCode(written, before.toString())
      if (!view.state.doc.eq(before)) toast(t('editor.typedMeanwhile'), { kind: 'note' })
      else if (done.changed) {
        await editor.value?.rewrite(done.code)
        toast(t('editor.formatted', { program: done.program }))
      } else toast(t('editor.alreadyFormatted'), { kind: 'note' })
    } catch (error) {
      toastProblem(error)
    } finally {
      formatting.value = false
    }
  }

  async function showFindings(): Promise<void> {
    const { openLintPanel } = await import('@codemirror/lint')
    if (editor.value) openLintPanel(editor.value.view)
  }

  watch(
    editor,
    async (made) => {
      help?.destroy()
      help = null
      if (!made) return
      const { createHelp } = await import('./help')
      if (gone || editor.value !== made) return
      help = createHelp(made, {
        language: () => language.value,
        requirements: () => [...requirements.value],
        snippets: () => snippets.data.value ?? [],
        told,
        format: () => void format(),
        outside: (name) => {
          toast(t('editor.definedIn', { name }), { kind: 'note' })
        },
      })
    },
    { immediate: true },
  )
  // Another environment knows other packages; typing in the list of requirements is waited out.
  watchDebounced([language, () => requirements.value.join('\n')], () => help?.reconnect(), {
    debounce: SETTLE_MS,
  })
  watch(language, () => help?.look())
  const forget = onLive('environment', ({ environment }) => {
    if (environment.state === 'ready' && told.server === 'ready' && told.environment === null)
      help?.reconnect()
  })
  onBeforeUnmount(() => {
    gone = true
    forget()
    help?.destroy()
  })

  return { told, formatting, format, showFindings, retry: () => help?.reconnect() }
}
