import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/scripts/new',
    name: 'script-new',
    component: () => import('./WorkbenchPage.vue'),
    meta: { title: 'workbench.newTitle', section: 'scripts', full: true },
  },
  {
    path: '/library/new',
    name: 'module-new',
    component: () => import('./WorkbenchPage.vue'),
    props: { newKind: 'module' },
    meta: { title: 'workbench.module.newTitle', section: 'scripts', full: true },
  },
  {
    path: '/scripts/:scriptId',
    name: 'script',
    component: () => import('./WorkbenchPage.vue'),
    props: true,
    meta: { title: 'workbench.title', section: 'scripts', full: true },
  },
]
