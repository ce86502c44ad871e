import type { Messages, PageLanguage } from '@/ui/i18n'

/** One language is one chunk: a reader never loads the other. */
export async function loadMessages(language: PageLanguage): Promise<Messages> {
  if (language === 'en') return (await import('./en')).default
  const [{ default: messages }, { default: said }] = await Promise.all([
    import('./zh-CN'),
    import('./said.zh-CN'),
  ])
  return { ...messages, said }
}
