import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/connections',
    name: 'connections',
    component: () => import('./ConnectionsPage.vue'),
    meta: { title: 'connections.title', section: 'secrets' },
  },
]
