import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/environments',
    name: 'environments',
    component: () => import('./EnvironmentsPage.vue'),
    meta: { title: 'app.nav.environments', section: 'environments' },
  },
  {
    path: '/environments/packages',
    name: 'packages',
    component: () => import('./PackagesPage.vue'),
    meta: { title: 'environments.tabs.packages', section: 'environments' },
  },
  {
    path: '/environments/advisories',
    name: 'advisories',
    component: () => import('./AdvisoriesPage.vue'),
    meta: { title: 'environments.tabs.advisories', section: 'environments' },
  },
  {
    path: '/environments/interpreters',
    name: 'interpreters',
    component: () => import('./InterpretersPage.vue'),
    meta: { title: 'environments.tabs.interpreters', section: 'environments' },
  },
  {
    path: '/environments/sources',
    name: 'package-sources',
    component: () => import('./SourcesPage.vue'),
    meta: { title: 'environments.tabs.sources', section: 'environments' },
  },
  {
    path: '/environments/:environmentId',
    name: 'environment',
    component: () => import('./EnvironmentPage.vue'),
    props: true,
    meta: { title: 'environments.environment', section: 'environments' },
  },
]
