import type { Messages } from '@/ui/i18n'
import { byRoom } from './rooms'

const files = import.meta.glob<Messages>(
  [
    '../../ui/messages.zh-CN.ts',
    '../../ui/*/messages.zh-CN.ts',
    '../../{app,features,ui}/*/messages.zh-CN.ts',
  ],
  { eager: true, import: 'default' },
)

export default byRoom(files)
