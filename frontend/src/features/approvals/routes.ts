import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/approvals',
    name: 'approvals',
    component: withWords(['approvals'], () => import('./ApprovalsPage.vue')),
    meta: { title: 'app.nav.approvals', section: 'approvals' },
  },
  {
    path: '/approvals/:id',
    name: 'approval',
    component: withWords(
      ['approvals', 'audit', 'policy', 'runs', 'workbench'],
      () => import('./ApprovalPage.vue'),
    ),
    props: true,
    meta: { title: 'approvals.one', section: 'approvals' },
  },
]
