import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

/** Everything of a script is here: its settings and runs, who may use it, what it is made of. */
const page = withWords(
  [
    'approvals',
    'editor',
    'hooks',
    'imports',
    'parameters',
    'policy',
    'runs',
    'scripts',
    'secrets',
    'sources',
    'workbench',
  ],
  () => import('./WorkbenchPage.vue'),
)

export const routes: RouteRecordRaw[] = [
  {
    path: '/scripts/new',
    name: 'script-new',
    component: page,
    meta: { title: 'workbench.newTitle', section: 'scripts', full: true },
  },
  {
    path: '/library/new',
    name: 'module-new',
    component: page,
    props: { newKind: 'module' },
    meta: { title: 'workbench.module.newTitle', section: 'scripts', full: true },
  },
  {
    path: '/scripts/:scriptId',
    name: 'script',
    component: page,
    props: true,
    meta: { title: 'workbench.title', section: 'scripts', full: true },
  },
]
