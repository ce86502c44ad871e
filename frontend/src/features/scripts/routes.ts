import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/scripts',
    name: 'scripts',
    component: withWords(['imports', 'scripts', 'start'], () => import('./ScriptsPage.vue')),
    meta: { title: 'app.nav.scripts', section: 'scripts' },
  },
  {
    path: '/library',
    name: 'library',
    component: withWords(['imports', 'scripts', 'start'], () => import('./ScriptsPage.vue')),
    props: { kind: 'module' },
    meta: { title: 'scripts.library.title', section: 'scripts' },
  },
]
