import type { RouteRecordRaw } from 'vue-router'
import { withWords } from '@/ui/i18n'

export const routes: RouteRecordRaw[] = [
  {
    path: '/login',
    name: 'login',
    component: withWords(['auth'], () => import('./LoginPage.vue')),
    meta: { title: 'auth.login.title', open: true },
  },
  {
    path: '/login/sso',
    component: withWords(['auth'], () => import('./SsoReturn.vue')),
    meta: { title: 'auth.login.title', open: true },
  },
  {
    path: '/second-factor',
    name: 'second-factor',
    component: withWords(['auth', 'profile'], () => import('./SecondFactorPage.vue')),
    meta: { title: 'profile.factor.title', open: true },
  },
  {
    path: '/forgot-password',
    name: 'forgot-password',
    component: withWords(['auth'], () => import('./ForgottenPage.vue')),
    meta: { title: 'auth.forgotten.title', open: true },
  },
  {
    path: '/reset-password',
    name: 'reset-password',
    component: withWords(['auth'], () => import('./ResetPage.vue')),
    meta: { title: 'auth.reset.title', open: true },
  },
  {
    path: '/confirm-email',
    name: 'confirm-email',
    component: withWords(['auth'], () => import('./ConfirmEmailPage.vue')),
    meta: { title: 'auth.confirm.title', open: true },
  },
  {
    path: '/invitation',
    name: 'invitation',
    component: withWords(['auth'], () => import('./InvitationPage.vue')),
    meta: { title: 'auth.invitation.title', open: true },
  },
  {
    path: '/register',
    name: 'register',
    component: withWords(['auth'], () => import('./RegisterPage.vue')),
    meta: { title: 'auth.register.title', open: true },
  },
]
