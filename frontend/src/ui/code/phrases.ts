import { language } from '@/ui/i18n'

// The words of CodeMirror's own panels; the English ones are the keys.
const CHINESE: Record<string, string> = {
  Find: '查找',
  Replace: '替换',
  next: '下一个',
  previous: '上一个',
  all: '全部',
  'match case': '区分大小写',
  'by word': '整词',
  regexp: '正则',
  replace: '替换',
  'replace all': '全部替换',
  close: '关闭',
  'current match': '当前匹配',
  'replaced match on line $': '已替换第 $ 行的匹配',
  'replaced $ matches': '已替换 $ 处',
  'on line': '所在行',
  'Go to line': '跳到行',
  go: '跳转',
  'Fold line': '折叠',
  'Unfold line': '展开',
  'folded code': '折叠的代码',
  'Control character': '控制字符',
  Completions: '补全',
  '$ unchanged lines': '$ 行未改动',
  Diagnostics: '问题',
  'No diagnostics': '没有问题',
  unfold: '展开',
  to: '至',
  'Selection deleted': '已删除选区',
  'New name': '新名称',
  rename: '重命名',
  'Reference list': '引用列表',
  Error: '错误',
}

export function phrases(): Record<string, string> {
  return language.value === 'zh-CN' ? CHINESE : {}
}
