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
  {
    path: '/forgot-password',
    name: 'forgot-password',
    component: () => import('./ForgottenPage.vue'),
    meta: { title: 'auth.forgotten.title', open: true },
  },
  {
    path: '/reset-password',
    name: 'reset-password',
    component: () => import('./ResetPage.vue'),
    meta: { title: 'auth.reset.title', open: true },
  },
  {
    path: '/confirm-email',
    name: 'confirm-email',
    component: () => import('./ConfirmEmailPage.vue'),
    meta: { title: 'auth.confirm.title', open: true },
  },
  {
    path: '/invitation',
    name: 'invitation',
    component: () => import('./InvitationPage.vue'),
    meta: { title: 'auth.invitation.title', open: true },
  },
  {
    path: '/register',
    name: 'register',
    component: () => import('./RegisterPage.vue'),
    meta: { title: 'auth.register.title', open: true },
  },
]
