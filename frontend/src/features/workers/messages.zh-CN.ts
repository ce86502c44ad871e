import type { Translation } from '@/ui/i18n'
import type en from './messages.en'

export default {
  title: '执行节点',
  text: '负责执行任务的机器，以及本机能提供的隔离能力。',
  workers: '节点',
  none: '没有在线的节点。用 {command} 启动一个，排队的运行会等它。',
  state: { online: '在线', detached: '已脱离', offline: '离线' },
  detachedWhy: '节点已停止，它启动的运行仍在继续，恢复后会重新接管。',
  column: { name: '名称', state: '状态', slots: '槽位', queues: '队列', version: '版本', seen: '最近心跳' },
  slots: '{used} / {total}',
  seen: '最近心跳 {time}',
  isolation: '本机的隔离级别',
  isolationText: '默认使用可用的最强级别。如果指定的级别不可用，运行会被拒绝，不会悄悄降级。',
  available: '可用',
  missing: '不可用',
  default: '默认',
  fix: '如何启用',
  detail: {
    version: '版本',
    engine: '引擎',
    image: '镜像',
    user: '用户',
    network: '网络',
    files: '文件',
    system_calls: '系统调用',
    limits: '限制',
    disk: '磁盘',
  },
  gives: {
    process: '独立用户、会话和资源限制。脚本能读到该用户有权读的文件，也能访问本机网络。',
    bubblewrap: '命名空间隔离：系统只读，/tmp 和 /proc 私有，看不到数据目录，网络可开可关。',
    container: 'Docker 或 Podman 容器，拥有独立的根文件系统。',
  },
  version: 'Runyard {version}',
} satisfies Translation<typeof en>
