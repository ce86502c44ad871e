import { language } from '@/ui/i18n'
import type { Words } from './types'

/** What the server says in both languages, in that of the page. */
export const spoken = (words: Words): string => (language.value === 'en' ? words.en : words.zh)
