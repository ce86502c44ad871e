import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/snippets',
    name: 'snippets',
    component: withWords(['editor'], () => import('./SnippetsPage.vue')),
    meta: { title: 'editor.snippets.title', section: 'scripts' },
  },
]
