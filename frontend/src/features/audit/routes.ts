import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/audit',
    name: 'audit',
    component: withWords(['audit'], () => import('./AuditPage.vue')),
    meta: { title: 'app.nav.audit', section: 'audit' },
  },
]
