import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  leave: '按 Esc 再按 Tab 可离开编辑器',
  same: '代码没有差别。',
} satisfies Translation<typeof en>
