import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  run: '运行',
} satisfies Translation<typeof en>
