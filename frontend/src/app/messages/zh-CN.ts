import type { Messages } from '@/ui/i18n'
import app from '../messages.zh-CN'
import { byRoom } from './rooms'

const files = import.meta.glob<Messages>(
  ['../../ui/messages.zh-CN.ts', '../../{features,ui}/*/messages.zh-CN.ts'],
  { eager: true, import: 'default' },
)

export default { app, ...byRoom(files) }
