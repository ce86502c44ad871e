import { watch, watchEffect } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { accessToken, owesSecondFactor, renew } from '@/api/session'
import { routes as audit } from '@/features/audit/routes'
import { routes as access } from '@/features/access/routes'
import { routes as approvals } from '@/features/approvals/routes'
import { routes as auth } from '@/features/auth/routes'
import { routes as editor } from '@/features/editor/routes'
import { routes as environments } from '@/features/environments/routes'
import { routes as home } from '@/features/home/routes'
import { routes as jobs } from '@/features/jobs/routes'
import { routes as profile } from '@/features/profile/routes'
import { routes as runs } from '@/features/runs/routes'
import { routes as scripts } from '@/features/scripts/routes'
import { routes as connections } from '@/features/connections/routes'
import { routes as secrets } from '@/features/secrets/routes'
import { routes as workbench } from '@/features/workbench/routes'
import { routes as workers } from '@/features/workers/routes'
import { t } from '@/ui/i18n'
import { pageName } from '@/ui/state/page'
import { tellLostPages } from './lostPages'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    ...auth,
    ...home,
    ...scripts,
    ...workbench,
    ...editor,
    ...jobs,
    ...runs,
    ...environments,
    ...secrets,
    ...connections,
    ...workers,
    ...approvals,
    ...audit,
    ...access,
    ...profile,
    {
      path: '/:rest(.*)*',
      name: 'missing',
      component: () => import('./MissingPage.vue'),
      meta: { title: 'app.missing.title' },
    },
  ],
  scrollBehavior: (to, from, saved) => {
    if (saved) return saved
    return to.path === from.path ? false : { top: 0 }
  },
})

tellLostPages(router)

router.beforeEach(async (to) => {
  // Fetch the page's code while the session is renewed, rather than after it.
  for (const { components } of to.matched) {
    const page: unknown = components?.default
    if (typeof page === 'function') void (page as () => Promise<unknown>)().catch(() => undefined)
  }
  const setsUp = to.name === 'second-factor'
  if (to.meta.open && !setsUp) return true
  const query = to.fullPath === '/' ? {} : { next: to.fullPath }
  // An unreachable server says nothing about the session: the page itself shows the failure and can retry.
  if (accessToken.value === null && !(await renew().catch(() => true))) return { name: 'login', query }
  if (setsUp && !owesSecondFactor.value) {
    // Hardly anybody comes here: not loaded with every page.
    const { safeNext } = await import('@/features/auth/next')
    return safeNext(to.query.next)
  }
  if (setsUp) return true
  return owesSecondFactor.value ? { name: 'second-factor', query } : true
})

// A second factor may have become compulsory, or been turned off, while a page was open.
watch(owesSecondFactor, (owes) => {
  const { meta, fullPath, name } = router.currentRoute.value
  // While the first page is still on its way, the guard above leads there itself.
  if (owes && name && !meta.open) void router.replace({ name: 'second-factor', query: { next: fullPath } })
})

watchEffect(() => {
  const route = router.currentRoute.value
  if (!route.name) return
  const name = pageName.value ?? t(route.meta.title)
  document.title = `${name} · Runyard`
})
