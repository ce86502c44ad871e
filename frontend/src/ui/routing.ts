import 'vue-router'
import type { MessageKey } from '@/ui/i18n'

export type Section =
  | 'home'
  | 'scripts'
  | 'jobs'
  | 'runs'
  | 'environments'
  | 'secrets'
  | 'workers'
  | 'approvals'
  | 'audit'
  | 'access'
  | 'profile'

declare module 'vue-router' {
  interface RouteMeta {
    /** Title of the page, and its breadcrumb. */
    title: MessageKey
    /** The rail's entry that is lit, and the breadcrumb's parent. */
    section?: Section
    /** Can be opened without a session. */
    open?: boolean
    /** Uses the whole window under the top bar, without margins (workbench). */
    full?: boolean
  }
}
