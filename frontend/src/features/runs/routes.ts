import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/runs',
    name: 'runs',
    component: () => import('./RunsPage.vue'),
    meta: { title: 'app.nav.runs', section: 'runs' },
  },
  {
    path: '/runs/:runId',
    name: 'run',
    component: () => import('./RunPage.vue'),
    props: true,
    meta: { title: 'runs.run', section: 'runs', full: true },
  },
]
