import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  environment: '环境',
} satisfies Translation<typeof en>
