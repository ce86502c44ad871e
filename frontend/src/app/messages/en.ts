import type { Messages } from '@/ui/i18n'
import app from '../messages.en'
import { byRoom } from './rooms'

const files = import.meta.glob<Messages>(
  ['../../ui/messages.en.ts', '../../{features,ui}/*/messages.en.ts'],
  { eager: true, import: 'default' },
)

export default { app, ...byRoom(files) }
