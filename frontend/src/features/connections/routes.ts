import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/connections',
    name: 'connections',
    component: withWords(['connections', 'secrets'], () => import('./ConnectionsPage.vue')),
    meta: { title: 'connections.title', section: 'secrets' },
  },
]
