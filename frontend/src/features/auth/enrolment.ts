import { computed, reactive, ref } from 'vue'
import { ask, client } from '@/api/client'
import { secondFactorSet } from '@/api/session'
import { useSending } from '@/ui/form/sending'

export type EnrolmentStep = 'password' | 'app' | 'codes'

/** Setting up the second factor that is compulsory here: the password again, the app, the recovery codes. */
export function useEnrolment(done: () => unknown) {
  const step = ref<EnrolmentStep>('password')
  const fields = reactive({ password: '', code: '' })
  const secret = ref({ secret: '', uri: '' })
  const codes = ref<readonly string[]>([])
  const { busy, refused, trouble, send } = useSending(() => ['current_password', 'code'])
  const ready = computed(() =>
    step.value === 'password' ? fields.password !== '' : step.value !== 'app' || fields.code.trim() !== '',
  )

  async function next(): Promise<void> {
    if (busy.value || !ready.value) return
    if (step.value === 'codes') {
      secondFactorSet()
      await done()
    } else if (step.value === 'app')
      await send(
        () => ask(client.POST('/api/v1/me/second-factor/confirm', { body: { code: fields.code.trim() } })),
        (answer) => {
          codes.value = answer.recovery_codes
          step.value = 'codes'
        },
      )
    else
      await send(
        () => ask(client.POST('/api/v1/me/second-factor', { body: { current_password: fields.password } })),
        (begun) => {
          secret.value = begun
          fields.password = ''
          step.value = 'app'
        },
      )
  }

  return { step, fields, secret, codes, busy, refused, trouble, ready, next }
}

/** A secret as people type it off: in groups of four. */
export function grouped(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? ''
}
