import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  set: {
    choose: '已存的参数值',
    keep: '保存这组值',
    name: '给这组值起个名字',
    update: '更新',
    remove: '删除“{name}”这组值',
    kept: '已保存为“{name}”',
    updated: '“{name}”已更新',
    removed: '“{name}”已删除',
  },
  found: {
    look: '从代码中识别',
    by: '只阅读代码、未执行，识别自：{parsers}',
    nothing: '代码里没有接收参数的写法。',
    allThere: '代码接收的参数都已在这里。',
    line: '第 {n} 行',
    changes: '会替换现有定义',
    take: '采用 {n} 个',
    taken: '已采用 {n} 个参数',
  },
  problems: {
    no_such_set: '没有这组参数值，可能已被删除。',
  },
} satisfies Translation<typeof en>
