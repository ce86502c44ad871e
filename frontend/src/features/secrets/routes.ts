import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/secrets',
    name: 'secrets',
    component: withWords(['secrets'], () => import('./SecretsPage.vue')),
    props: { kind: 'secret' },
    meta: { title: 'secrets.tabs.secrets', section: 'secrets' },
  },
  {
    path: '/variables',
    name: 'variables',
    component: withWords(['secrets'], () => import('./SecretsPage.vue')),
    props: { kind: 'variable' },
    meta: { title: 'secrets.tabs.variables', section: 'secrets' },
  },
  {
    path: '/stages',
    name: 'stages',
    component: withWords(['secrets'], () => import('./StagesPage.vue')),
    meta: { title: 'secrets.tabs.stages', section: 'secrets' },
  },
]
