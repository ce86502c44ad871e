import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/runs',
    name: 'runs',
    component: withWords(['runs'], () => import('./RunsPage.vue')),
    meta: { title: 'app.nav.runs', section: 'runs' },
  },
  {
    path: '/runs/failures',
    name: 'failures',
    component: withWords(['runs'], () => import('./FailuresPage.vue')),
    meta: { title: 'runs.tabsOf.failures', section: 'runs' },
  },
  {
    path: '/runs/failures/:failureId',
    name: 'failure',
    component: withWords(['compared', 'runs'], () => import('./FailurePage.vue')),
    props: true,
    meta: { title: 'runs.failure.one', section: 'runs' },
  },
  {
    path: '/runs/rules',
    name: 'run-rules',
    component: withWords(['policy', 'runs'], () => import('./RunRulesPage.vue')),
    meta: { title: 'runs.tabsOf.rules', section: 'runs' },
  },
  {
    path: '/runs/compare',
    name: 'compare',
    component: withWords(['compared', 'runs'], () => import('./ComparePage.vue')),
    meta: { title: 'runs.compare.title', section: 'runs' },
  },
  {
    path: '/runs/:runId',
    name: 'run',
    component: withWords(['runs'], () => import('./RunPage.vue')),
    props: true,
    meta: { title: 'runs.run', section: 'runs', full: true },
  },
]
