import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '收到的内容',
  none: '还没有收到任何内容。收到之后会列在这里，并注明结果。',
  itsRun: '对应的运行',
  details: '详情',
  outcome: {
    accepted: '已接受',
    refused: '已拒绝',
    ignored: '已忽略',
    duplicate: '重复',
    failed: '失败',
  },
  reason: { condition: '条件不成立' },
  test: {
    open: '测试调用',
    title: '测试调用',
    text: '看看触发器会如何处理一份内容。这里不需要签名。',
    type: '内容类型',
    body: '内容',
    headers: '请求头',
    headersHelp: '每行一个，格式为 Name: value',
    notJson: '内容不是有效的 JSON。',
    look: '查看结果',
    run: '真的运行',
    close: '关闭',
    started: '已开始运行：',
    verdict: {
      starts: '会开始一次运行。',
      ignored: '条件不成立：什么也不会开始。',
      wrong: '无法据此运行。',
    },
    noParameters: '没有映射任何参数：运行使用作业自己的参数。',
  },
} satisfies Translation<typeof en>
