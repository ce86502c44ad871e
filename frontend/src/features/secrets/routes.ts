import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/secrets',
    name: 'secrets',
    component: () => import('./SecretsPage.vue'),
    props: { kind: 'secret' },
    meta: { title: 'secrets.tabs.secrets', section: 'secrets' },
  },
  {
    path: '/variables',
    name: 'variables',
    component: () => import('./SecretsPage.vue'),
    props: { kind: 'variable' },
    meta: { title: 'secrets.tabs.variables', section: 'secrets' },
  },
  {
    path: '/stages',
    name: 'stages',
    component: () => import('./StagesPage.vue'),
    meta: { title: 'secrets.tabs.stages', section: 'secrets' },
  },
]
