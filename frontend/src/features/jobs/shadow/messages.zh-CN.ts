import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '影子模式',
  text: '作业只记录本该何时运行，不真正运行。请与旧系统的日志对比；一致之后，停用旧系统并切换。',
  log: '旧系统的日志',
  logHelp: '带有时间的每一行都算：syslog 里的 cron、journalctl，或应用程序自己的日志。',
  contains: '只看包含以下文字的行',
  containsHelp: '例如命令的名称。留空则全部计入。',
  from: '从',
  to: '到',
  tolerance: '允许相差（秒）',
  toleranceHelp: '相差不超过这么多，就算一致。',
  compare: '对比',
  same: '旧系统的运行与作业的计划完全一致。',
  differs: '两者有差异。',
  late: '旧系统通常晚 {usual}，最多晚 {most}。',
  later: '相差 {span}',
  kind: { both: '一致', here: '只有作业', there: '只有旧系统' },
  unread: '有 {n} 行没有时间。',
  all: '也显示一致的',
  cutOver: '切换',
  cutTitle: '切换到这个作业？',
  cutText: '从现在起由它自己开始运行。请停用旧系统，否则会重复运行。',
  over: '作业已接管',
} satisfies Translation<typeof en>
