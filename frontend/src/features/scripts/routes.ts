import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/scripts',
    name: 'scripts',
    component: () => import('./ScriptsPage.vue'),
    meta: { title: 'app.nav.scripts', section: 'scripts' },
  },
  {
    path: '/library',
    name: 'library',
    component: () => import('./ScriptsPage.vue'),
    props: { kind: 'module' },
    meta: { title: 'scripts.library.title', section: 'scripts' },
  },
]
