import type { Messages } from '@/ui/i18n'
import { byRoom } from '../rooms'

/** What Home and the list of scripts are drawn with. */
export default byRoom(
  import.meta.glob<Messages>('../../../features/{home,imports,scripts,start}/messages.zh-CN.ts', {
    eager: true,
    import: 'default',
  }),
)
