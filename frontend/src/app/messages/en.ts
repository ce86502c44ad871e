import type { Messages } from '@/ui/i18n'
import app from '../messages.en'
import { byRoom } from './rooms'

/** What every page is drawn with: the frame, and the parts that all rooms share. */
const files = import.meta.glob<Messages>(['../../ui/messages.en.ts', '../../ui/*/messages.en.ts'], {
  eager: true,
  import: 'default',
})

export default { app, ...byRoom(files) }
