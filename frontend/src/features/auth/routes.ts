import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/login',
    name: 'login',
    component: () => import('./LoginPage.vue'),
    meta: { title: 'auth.login.title', open: true },
  },
  {
    path: '/login/sso',
    component: () => import('./SsoReturn.vue'),
    meta: { title: 'auth.login.title', open: true },
  },
]
