import { computed, reactive, ref } from 'vue'
import { login } from '@/api/session'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'

const SHORTEST = 8
export interface Newcomer {
  username: string
  display_name: string
  password: string
}

/** What somebody new says of themselves; once they are a user they are logged in. */
export function useNewcomer(send: (newcomer: Newcomer) => Promise<unknown>, done: () => unknown) {
  const fields = reactive<Newcomer>({ username: '', display_name: '', password: '' })
  const tried = ref(false)
  const sending = useSending(() => ['username', 'display_name', 'password'])
  const faults = computed(() => ({
    username: fields.username.trim() ? '' : t('auth.newcomer.nameNeeded'),
    password: fields.password.length >= SHORTEST ? '' : t('auth.reset.short'),
  }))
  const shown = computed<Record<string, string>>(() => ({
    ...(tried.value ? faults.value : {}),
    ...sending.refused.value,
  }))

  async function submit(): Promise<void> {
    tried.value = true
    if (sending.busy.value || faults.value.username || faults.value.password) return
    const newcomer = {
      username: fields.username.trim(),
      display_name: fields.display_name.trim(),
      password: fields.password,
    }
    await sending.send(
      () => send(newcomer),
      async () => {
        await login(newcomer.username, newcomer.password)
        await done()
      },
    )
  }

  return { fields, faults: shown, busy: sending.busy, trouble: sending.trouble, submit }
}

/** A new password, typed twice; `send` gives it to the server. */
export function useNewPassword(send: (password: string) => Promise<unknown>) {
  const fields = reactive({ password: '', again: '' })
  const tried = ref(false)
  const isDone = ref(false)
  const { busy, refused, trouble, send: sendForm } = useSending(() => ['password'])
  const faults = computed(() => ({
    password: fields.password.length >= SHORTEST ? '' : t('auth.reset.short'),
    again: fields.again === fields.password ? '' : t('auth.reset.differ'),
  }))
  const shown = computed<Record<string, string>>(() => ({
    ...(tried.value ? faults.value : {}),
    ...refused.value,
  }))

  async function submit(): Promise<void> {
    tried.value = true
    if (busy.value || faults.value.password || faults.value.again) return
    await sendForm(
      () => send(fields.password),
      () => {
        Object.assign(fields, { password: '', again: '' })
        isDone.value = true
      },
    )
  }

  return { fields, faults: shown, busy, trouble, isDone, submit }
}
