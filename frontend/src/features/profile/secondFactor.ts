import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import { ask, client } from '@/api/client'
import { keys } from '@/api/keys'
import { renew } from '@/api/session'
import { askNothing } from '@/features/access/api'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'
import { toast } from '@/ui/toast/toasts'

/** What is to be done with one's second factor. */
export type Task = 'set up' | 'new codes' | 'turn off'
export type Stage = 'password' | 'app' | 'codes'

/** Whether one's own sign-in asks for a code. */
export function useSecondFactor() {
  return useQuery({
    queryKey: keys.secondFactor,
    queryFn: () => ask(client.GET('/api/v1/me/second-factor')),
  })
}

/** The steps of a task: the password again, the app if one is set up, and the recovery codes that come of it. */
export function useFactorTask(task: Task, close: () => void) {
  const queries = useQueryClient()
  const stage = ref<Stage>('password')
  const password = ref('')
  const code = ref('')
  const secret = ref({ secret: '', uri: '' })
  const codes = ref<readonly string[]>([])
  const { busy, refused, trouble, send } = useSending(() => ['current_password', 'code'])
  const ready = computed(() =>
    stage.value === 'password' ? password.value !== '' : stage.value !== 'app' || code.value.trim() !== '',
  )
  const known = () => queries.invalidateQueries({ queryKey: keys.secondFactor })

  function show(answer: { recovery_codes: string[] }): Promise<void> {
    codes.value = answer.recovery_codes
    stage.value = 'codes'
    void queries.invalidateQueries({ queryKey: keys.sessions })
    return known()
  }

  async function next(): Promise<void> {
    const body = { current_password: password.value }
    if (stage.value === 'codes') close()
    else if (stage.value === 'app')
      await send(
        () => ask(client.POST('/api/v1/me/second-factor/confirm', { body: { code: code.value.trim() } })),
        show,
      )
    else if (task === 'set up')
      await send(
        () => ask(client.POST('/api/v1/me/second-factor', { body })),
        (begun) => {
          secret.value = begun
          stage.value = 'app'
        },
      )
    else if (task === 'new codes')
      await send(() => ask(client.POST('/api/v1/me/second-factor/recovery-codes', { body })), show)
    else
      await send(
        () => askNothing(client.POST('/api/v1/me/second-factor/drop', { body })),
        () => {
          toast(t('profile.factor.isOff'))
          close()
          // Where one is compulsory the next is set up at once.
          void renew().catch(() => undefined)
          return known()
        },
      )
  }

  return { stage, password, code, secret, codes, busy, refused, trouble, ready, next }
}
