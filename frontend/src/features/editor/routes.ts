import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/snippets',
    name: 'snippets',
    component: () => import('./SnippetsPage.vue'),
    meta: { title: 'editor.snippets.title', section: 'scripts' },
  },
]
