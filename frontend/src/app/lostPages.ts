import type { Router } from 'vue-router'
import { t } from '@/ui/i18n'
import { toast } from '@/ui/toast/toasts'

const FETCHED_ANEW = 'runyard.fetched-anew'

async function serverAnswers(): Promise<boolean> {
  try {
    return (await fetch('/healthz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

/**
 * Where the code of a page doesn't come, say so rather than stay put in silence. A server that answers was upgraded
 * meanwhile and has other files by now: the page is fetched from it anew, once for each address.
 */
export function tellLostPages(router: Router, fetchAnew = (path: string) => location.assign(path)): void {
  router.onError(async (_error, to) => {
    if (sessionStorage.getItem(FETCHED_ANEW) !== to.fullPath && (await serverAnswers())) {
      sessionStorage.setItem(FETCHED_ANEW, to.fullPath)
      fetchAnew(to.fullPath)
      return
    }
    toast(t('ui.problems.unreachable'), {
      kind: 'failed',
      action: { label: t('ui.action.retry'), run: () => void router.push(to.fullPath) },
    })
  })
  router.afterEach((_to, _from, failure) => {
    if (!failure) sessionStorage.removeItem(FETCHED_ANEW)
  })
}
