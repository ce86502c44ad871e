import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '钩子',
  before: '脚本运行前',
  after: '脚本运行后',
  own: '用 {language} 编写，而不是 shell',
  beforeHelp: '如果失败，脚本不会运行。',
  afterHelp: '无论结果如何都会执行，RUNYARD_EXIT_CODE 是脚本的退出码。',
} satisfies Translation<typeof en>
