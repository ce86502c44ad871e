import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  login: { title: '登录' },
} satisfies Translation<typeof en>
