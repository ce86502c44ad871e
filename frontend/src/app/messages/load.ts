import type { Messages, PageLanguage } from '@/ui/i18n'

/** One language is one chunk: a reader never loads the other. */
export async function loadMessages(language: PageLanguage): Promise<Messages> {
  const module = language === 'zh-CN' ? await import('./zh-CN') : await import('./en')
  return module.default
}
