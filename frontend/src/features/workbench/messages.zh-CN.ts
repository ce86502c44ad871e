import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '脚本',
  newTitle: '新建脚本',
} satisfies Translation<typeof en>
