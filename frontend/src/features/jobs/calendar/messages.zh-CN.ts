import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '日历',
  text: '已经运行和将要运行的作业，按 {zone} 的时间显示。',
  before: '往前',
  after: '往后',
  today: '今天',
  views: '显示范围',
  view: { month: '月', week: '周', day: '日' },
  job: '作业',
  all: '所有作业',
  none: '没有运行过的，也没有到期的。',
  due: '待触发',
  ran: '已运行',
  because: '{text}：{name}',
  every: '每 {span}',
  each: { d: '每天', h: '每小时', m: '每分钟', s: '每秒' },
  times: '{n} 次',
  more: '还有 {n} 项',
  capped: '内容太多，无法全部显示。请选择一个作业，或缩短时间范围。',
  load: {
    title: {
      day: '今后 24 小时的负载',
      week: '今后 7 天的负载',
      month: '今后 30 天的负载',
    },
    used: '占用（工时）',
    capacity: '容量',
    most: '最忙的一小时从 {at} 开始：按平时的时长估算，占用 {used} 工时，容量 {capacity}。',
    nothing: '今后没有需要占用时间的运行。',
    capped: '触发器太多，没有全部计入。',
  },
} satisfies Translation<typeof en>
