import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

const meta = (title: 'projects' | 'teams' | 'roles' | 'users' | 'tokens' | 'security') =>
  ({ title: `access.tabs.${title}`, section: 'access' }) as const

export const routes: RouteRecordRaw[] = [
  { path: '/access', name: 'access', redirect: { name: 'access-projects' }, meta: meta('projects') },
  {
    path: '/access/projects',
    name: 'access-projects',
    component: withWords(['access'], () => import('./ProjectsPage.vue')),
    meta: meta('projects'),
  },
  {
    path: '/access/projects/:project',
    name: 'access-project',
    component: withWords(['access', 'approvals'], () => import('./ProjectPage.vue')),
    props: true,
    meta: meta('projects'),
  },
  {
    path: '/access/teams',
    name: 'access-teams',
    component: withWords(['access'], () => import('./TeamsPage.vue')),
    meta: meta('teams'),
  },
  {
    path: '/access/teams/:team',
    name: 'access-team',
    component: withWords(['access'], () => import('./TeamPage.vue')),
    props: true,
    meta: meta('teams'),
  },
  {
    path: '/access/roles',
    name: 'access-roles',
    component: withWords(['access'], () => import('./RolesPage.vue')),
    meta: meta('roles'),
  },
  {
    path: '/access/users',
    name: 'access-users',
    component: withWords(['access', 'auth', 'profile'], () => import('./UsersPage.vue')),
    meta: meta('users'),
  },
  {
    path: '/access/tokens',
    name: 'access-tokens',
    component: withWords(['access'], () => import('./TokensPage.vue')),
    meta: meta('tokens'),
  },
  {
    path: '/access/security',
    name: 'access-security',
    component: withWords(['access'], () => import('./SecurityPage.vue')),
    meta: meta('security'),
  },
]
