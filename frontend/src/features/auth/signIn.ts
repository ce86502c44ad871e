import { reactive, ref } from 'vue'
import { login } from '@/api/session'
import { Problem } from '@/api/problem'
import { t } from '@/ui/i18n'
import { problemText } from '@/ui/i18n/problem'

export type Step = 'password' | 'code'

/** Signing in: name and password, then the code of those who have a second factor. */
export function useSignIn(done: () => unknown) {
  const fields = reactive({ username: '', password: '', code: '' })
  const step = ref<Step>('password')
  const busy = ref(false)
  const trouble = ref('')

  /** Send what was typed; false says that something is missing or wrong. */
  async function submit(): Promise<boolean> {
    if (busy.value) return false
    const missing = step.value === 'code' ? !fields.code.trim() : !fields.username || !fields.password
    if (missing) {
      trouble.value = t(step.value === 'code' ? 'auth.code.required' : 'auth.login.required')
      return false
    }
    busy.value = true
    trouble.value = ''
    try {
      await login(
        fields.username.trim(),
        fields.password,
        step.value === 'code' ? fields.code.trim() : undefined,
      )
      await done()
      return true
    } catch (error) {
      if (error instanceof Problem && error.code === 'second_factor_needed') step.value = 'code'
      else trouble.value = problemText(error)
      return false
    } finally {
      busy.value = false
    }
  }

  function back(): void {
    step.value = 'password'
    trouble.value = ''
    fields.password = ''
    fields.code = ''
  }

  return { fields, step, busy, trouble, submit, back }
}
