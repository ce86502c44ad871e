import type { Messages } from '@/ui/i18n'
import frameInEnglish from './en'
import { byRoom } from './rooms'
import frameInChinese from './zh-CN'

/** Every word of the page, for tests: the page itself never loads them all. */
const en = byRoom(
  import.meta.glob<Messages>('../../features/**/messages.en.ts', { eager: true, import: 'default' }),
)
const zh = byRoom(
  import.meta.glob<Messages>('../../features/**/messages.zh-CN.ts', { eager: true, import: 'default' }),
)

export const english: Messages = { ...frameInEnglish, ...en }
export const chinese: Messages = { ...frameInChinese, ...zh }
