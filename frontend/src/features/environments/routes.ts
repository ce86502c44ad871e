import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/environments',
    name: 'environments',
    component: withWords(['environments'], () => import('./EnvironmentsPage.vue')),
    meta: { title: 'app.nav.environments', section: 'environments' },
  },
  {
    path: '/environments/packages',
    name: 'packages',
    component: withWords(['environments'], () => import('./PackagesPage.vue')),
    meta: { title: 'environments.tabs.packages', section: 'environments' },
  },
  {
    path: '/environments/advisories',
    name: 'advisories',
    component: withWords(['environments'], () => import('./AdvisoriesPage.vue')),
    meta: { title: 'environments.tabs.advisories', section: 'environments' },
  },
  {
    path: '/environments/interpreters',
    name: 'interpreters',
    component: withWords(['environments'], () => import('./InterpretersPage.vue')),
    meta: { title: 'environments.tabs.interpreters', section: 'environments' },
  },
  {
    path: '/environments/sources',
    name: 'package-sources',
    component: withWords(['environments'], () => import('./SourcesPage.vue')),
    meta: { title: 'environments.tabs.sources', section: 'environments' },
  },
  {
    path: '/environments/:environmentId',
    name: 'environment',
    component: withWords(['environments'], () => import('./EnvironmentPage.vue')),
    props: true,
    meta: { title: 'environments.environment', section: 'environments' },
  },
]
