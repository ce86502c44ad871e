import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/',
    name: 'home',
    component: withWords(['home', 'imports', 'runs', 'scripts', 'start'], () => import('./HomePage.vue')),
    meta: { title: 'app.nav.home', section: 'home' },
  },
]
