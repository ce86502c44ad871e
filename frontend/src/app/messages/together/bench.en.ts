import type { Messages } from '@/ui/i18n'
import { byRoom } from '../rooms'

/** What a script’s workbench is drawn with. */
export default byRoom(
  import.meta.glob<Messages>(
    '../../../features/{editor,hooks,parameters,policy,sources,workbench}/messages.en.ts',
    {
      eager: true,
      import: 'default',
    },
  ),
)
