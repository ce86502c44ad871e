import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  missing: {
    title: '这个地址下没有内容',
    text: '链接可能已过期，或者它指向的内容已被删除。',
    home: '回到首页',
  },
  nav: {
    home: '首页',
    scripts: '脚本',
    runs: '运行记录',
    environments: '环境',
    workers: '执行节点',
    profile: '个人设置',
  },
} satisfies Translation<typeof en>
