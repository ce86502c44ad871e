import type { Messages } from '@/ui/i18n'
import { byRoom } from './rooms'

const files = import.meta.glob<Messages>(
  ['../../ui/messages.en.ts', '../../ui/*/messages.en.ts', '../../{app,features,ui}/*/messages.en.ts'],
  {
    eager: true,
    import: 'default',
  },
)

export default byRoom(files)
