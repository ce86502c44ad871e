import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/runs',
    name: 'runs',
    component: () => import('./RunsPage.vue'),
    meta: { title: 'app.nav.runs', section: 'runs' },
  },
  {
    path: '/runs/failures',
    name: 'failures',
    component: () => import('./FailuresPage.vue'),
    meta: { title: 'runs.tabsOf.failures', section: 'runs' },
  },
  {
    path: '/runs/failures/:failureId',
    name: 'failure',
    component: () => import('./FailurePage.vue'),
    props: true,
    meta: { title: 'runs.failure.one', section: 'runs' },
  },
  {
    path: '/runs/rules',
    name: 'run-rules',
    component: () => import('./RunRulesPage.vue'),
    meta: { title: 'runs.tabsOf.rules', section: 'runs' },
  },
  {
    path: '/runs/compare',
    name: 'compare',
    component: () => import('./ComparePage.vue'),
    meta: { title: 'runs.compare.title', section: 'runs' },
  },
  {
    path: '/runs/:runId',
    name: 'run',
    component: () => import('./RunPage.vue'),
    props: true,
    meta: { title: 'runs.run', section: 'runs', full: true },
  },
]
