import type { Messages } from '@/ui/i18n'
import app from '../messages.zh-CN'
import { byRoom } from './rooms'

/** What every page is drawn with: the frame, and the parts that all rooms share. */
const files = import.meta.glob<Messages>(['../../ui/messages.zh-CN.ts', '../../ui/*/messages.zh-CN.ts'], {
  eager: true,
  import: 'default',
})

export default { app, ...byRoom(files) }
