import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/workers',
    name: 'workers',
    component: () => import('./WorkersPage.vue'),
    meta: { title: 'app.nav.workers', section: 'workers' },
  },
]
