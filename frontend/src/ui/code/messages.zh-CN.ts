import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  leave: '按 Esc 再按 Tab 可离开编辑器',
  same: '代码没有差别。',
  sides: '并排',
  unified: '单列',
  layout: '差异的显示方式',
  previousChange: '上一处改动',
  nextChange: '下一处改动',
  changes: '{n} 处改动',
  search: {
    find: '查找',
    replaceBy: '替换为',
    case: '区分大小写',
    word: '整词匹配',
    regexp: '正则表达式',
    previous: '上一个匹配（Shift Enter）',
    next: '下一个匹配（Enter）',
    all: '选中所有匹配',
    replace: '替换',
    replaceAll: '全部替换',
    close: '关闭查找',
    none: '没有匹配',
    invalid: '表达式无效',
  },
} satisfies Translation<typeof en>
