import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/workers',
    name: 'workers',
    component: withWords(['home', 'workers'], () => import('./WorkersPage.vue')),
    meta: { title: 'app.nav.workers', section: 'workers' },
  },
]
