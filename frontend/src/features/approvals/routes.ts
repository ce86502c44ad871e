import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/approvals',
    name: 'approvals',
    component: () => import('./ApprovalsPage.vue'),
    meta: { title: 'app.nav.approvals', section: 'approvals' },
  },
  {
    path: '/approvals/:id',
    name: 'approval',
    component: () => import('./ApprovalPage.vue'),
    props: true,
    meta: { title: 'approvals.one', section: 'approvals' },
  },
]
