import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import {
  Activity,
  FileInput,
  FilePlus2,
  Keyboard,
  Languages,
  LogOut,
  Moon,
  ScrollText,
  Sun,
  UserRound,
} from '@lucide/vue'
import { refDebounced } from '@vueuse/core'
import { computed, ref, watch, type Component } from 'vue'
import { useRouter } from 'vue-router'
import { searchRuns } from '@/features/runs/search'
import { useScriptActions } from '@/features/scripts/actions'
import { listScripts } from '@/features/scripts/api'
import { useTaste } from '@/features/auth/taste'
import { LANGUAGES, t } from '@/ui/i18n'
import { languageName } from '@/ui/i18n/format'
import type { ShownState } from '@/ui/StateBadge.vue'
import { leave } from '../frame/sessionEnd'
import { useNav } from '../frame/nav'
import { rank } from './rank'

export interface Entry {
  id: string
  label: string
  hint?: string
  icon?: Component
  state?: ShownState
  time?: string
  go: () => unknown
  /** What Ctrl Enter does. */
  run?: () => unknown
}

export interface Group {
  title: string
  entries: Entry[]
}

const SCRIPTS = 7
const RUNS = 5

/** What the palette offers for what was typed: pages and actions at once, scripts and runs as the server answers. */
export function usePalette(showKeys: () => void) {
  const router = useRouter()
  const { preferences, setLanguage, setTheme } = useTaste()
  const scriptActions = useScriptActions()
  const words = ref('')
  const q = computed(() => words.value.trim())
  const asked = refDebounced(q, 120)

  const scripts = useQuery({
    queryKey: ['palette', 'scripts', computed(() => preferences.project), asked],
    queryFn: () =>
      listScripts(
        { project: preferences.project, sort: 'updated', ...(asked.value ? { q: asked.value } : {}) },
        null,
        SCRIPTS,
      ),
    placeholderData: keepPreviousData,
    staleTime: 5000,
  })
  const runs = useQuery({
    queryKey: ['palette', 'runs', computed(() => preferences.project), asked],
    queryFn: () => searchRuns(preferences.project, asked.value, RUNS),
    enabled: computed(() => asked.value.length > 1),
    placeholderData: keepPreviousData,
    staleTime: 5000,
  })

  const nav = useNav()
  const pages = computed<Entry[]>(() => [
    ...nav.value.map((entry) => ({
      id: `page-${entry.section}`,
      label: t(entry.label),
      icon: entry.icon,
      go: () => router.push({ name: entry.section }),
    })),
    {
      id: 'page-profile',
      label: t('app.nav.profile'),
      icon: UserRound,
      go: () => router.push({ name: 'profile' }),
    },
  ])

  const actions = computed<Entry[]>(() => [
    {
      id: 'new-script',
      label: t('app.palette.newScript'),
      icon: FilePlus2,
      go: () => router.push({ name: 'script-new' }),
    },
    {
      id: 'import-script',
      label: t('app.palette.importFile'),
      icon: FileInput,
      go: () => router.push({ name: 'scripts', query: { import: '1' } }),
    },
    {
      id: 'theme',
      label: t('app.palette.useTheme', {
        theme: t(preferences.dark ? 'app.theme.light' : 'app.theme.dark').toLowerCase(),
      }),
      icon: preferences.dark ? Sun : Moon,
      go: () => {
        setTheme(preferences.dark ? 'light' : 'dark')
      },
    },
    ...LANGUAGES.filter((choice) => choice.value !== preferences.language).map((choice) => ({
      id: `language-${choice.value}`,
      label: t('app.palette.useLanguage', { language: choice.name }),
      icon: Languages,
      go: () => setLanguage(choice.value),
    })),
    { id: 'keys', label: t('app.keys.sheet'), icon: Keyboard, go: showKeys },
    { id: 'leave', label: t('app.user.logout'), icon: LogOut, go: leave },
  ])

  const scriptEntries = computed<Entry[]>(() =>
    (scripts.data.value?.items ?? []).map((script) => ({
      id: script.id,
      label: script.name,
      hint: languageName(script.language),
      icon: ScrollText,
      go: () => router.push({ name: 'script', params: { scriptId: script.id } }),
      run: () => scriptActions.run(script, true),
    })),
  )

  const runEntries = computed<Entry[]>(() =>
    asked.value.length > 1
      ? (runs.data.value ?? []).map((run) => ({
          id: run.id,
          label: run.script_name,
          icon: Activity,
          state: run.state,
          time: run.queued_at,
          go: () => router.push({ name: 'run', params: { runId: run.id } }),
        }))
      : [],
  )

  const groups = computed<Group[]>(() =>
    [
      { title: t('app.palette.scripts'), entries: scriptEntries.value },
      { title: t('app.palette.runs'), entries: runEntries.value },
      { title: t('app.palette.pages'), entries: rank(pages.value, q.value) },
      { title: t('app.palette.actions'), entries: rank(actions.value, q.value) },
    ].filter((group) => group.entries.length > 0),
  )
  const entries = computed(() => groups.value.flatMap((group) => group.entries))
  const failed = computed(() => scripts.isError.value || runs.isError.value)
  const active = ref(0)
  watch([q, () => entries.value.length], () => (active.value = 0))

  function move(by: number): void {
    const count = entries.value.length
    if (count) active.value = (active.value + by + count) % count
  }

  return { words, q, groups, entries, active, move, failed }
}
