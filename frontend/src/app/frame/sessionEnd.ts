import { useQueryClient } from '@tanstack/vue-query'
import { onScopeDispose } from 'vue'
import { useRouter } from 'vue-router'
import { logout, onEnded } from '@/api/session'
import { t } from '@/ui/i18n'
import { toast } from '@/ui/toast/toasts'

let leaving = false

/** Leave for the login page whenever the session ends, and forget everything that was read in it. */
export function useSessionEnd(): void {
  const router = useRouter()
  const queries = useQueryClient()
  onScopeDispose(
    onEnded(() => {
      const next = router.currentRoute.value.fullPath
      if (!leaving) toast(t('app.session.ended'), { kind: 'note' })
      void router.push({ name: 'login', query: leaving || next === '/' ? {} : { next } }).then(() => {
        queries.clear()
        leaving = false
      })
    }),
  )
}

export async function leave(): Promise<void> {
  leaving = true
  await logout()
}
