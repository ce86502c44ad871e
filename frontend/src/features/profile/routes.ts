import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/profile',
    name: 'profile',
    component: withWords(['access', 'auth', 'profile'], () => import('./ProfilePage.vue')),
    meta: { title: 'app.nav.profile', section: 'profile' },
  },
]
