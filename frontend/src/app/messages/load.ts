import type { Library, Messages, PageLanguage } from '@/ui/i18n'
import { byRoom } from './rooms'

/** Rooms whose words are wanted together come in one file; any other room's words are a file of their own. */
export const TOGETHER = {
  bench: ['editor', 'hooks', 'parameters', 'policy', 'sources', 'workbench'],
  lists: ['home', 'imports', 'scripts', 'start'],
}

type Loader<T> = () => Promise<T>
const together: Record<PageLanguage, Record<keyof typeof TOGETHER, Loader<{ default: Messages }>>> = {
  en: { bench: () => import('./together/bench.en'), lists: () => import('./together/lists.en') },
  'zh-CN': { bench: () => import('./together/bench.zh-CN'), lists: () => import('./together/lists.zh-CN') },
}
const apart: Record<PageLanguage, Record<string, Loader<Messages>>> = {
  en: byRoom(
    import.meta.glob<Messages>(
      [
        '../../features/**/messages.en.ts',
        '!../../features/{home,imports,scripts,start}/*',
        '!../../features/{editor,hooks,parameters,policy,sources,workbench}/*',
      ],
      { import: 'default' },
    ),
  ),
  'zh-CN': byRoom(
    import.meta.glob<Messages>(
      [
        '../../features/**/messages.zh-CN.ts',
        '!../../features/{home,imports,scripts,start}/*',
        '!../../features/{editor,hooks,parameters,policy,sources,workbench}/*',
      ],
      { import: 'default' },
    ),
  ),
}

function fileOf(room: string): keyof typeof TOGETHER | undefined {
  return (['bench', 'lists'] as const).find((file) => TOGETHER[file].includes(room))
}

async function frame(language: PageLanguage): Promise<Messages> {
  if (language === 'en') return (await import('./en')).default
  const [{ default: messages }, { default: said }] = await Promise.all([
    import('./zh-CN'),
    import('./said.zh-CN'),
  ])
  return { ...messages, said }
}

async function room(language: PageLanguage, name: string): Promise<Messages> {
  const file = fileOf(name)
  if (file === undefined) return (await apart[language][name]?.()) ?? {}
  return (await together[language][file]()).default[name] as Messages
}

export const library: Library = {
  frame,
  room,
  has: (name) => name in apart.en || fileOf(name) !== undefined,
}
