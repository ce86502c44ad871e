import { computed, reactive, ref } from 'vue'
import { ask, client } from '@/api/client'
import { t } from '@/ui/i18n'
import { problemText } from '@/ui/i18n/problem'
import { toast } from '@/ui/toast/toasts'

const SHORTEST = 8

/** The form that changes one's password: its fields, what is wrong with them, and sending it. */
export function usePasswordForm() {
  const fields = reactive({ current: '', next: '', again: '' })
  const tried = ref(false)
  const busy = ref(false)
  const trouble = ref('')

  const faults = computed(() => ({
    current: fields.current ? '' : t('profile.password.needed'),
    next: fields.next.length >= SHORTEST ? '' : t('profile.password.short'),
    again: fields.again === fields.next ? '' : t('profile.password.differ'),
  }))
  const shownFaults = computed(() => (tried.value ? faults.value : { current: '', next: '', again: '' }))

  async function submit(): Promise<boolean> {
    tried.value = true
    trouble.value = ''
    if (busy.value || Object.values(faults.value).some(Boolean)) return false
    busy.value = true
    try {
      await ask(
        client.POST('/api/v1/me/password', {
          body: { current_password: fields.current, new_password: fields.next },
        }),
      )
      Object.assign(fields, { current: '', next: '', again: '' })
      tried.value = false
      toast(t('profile.password.changed'))
      return true
    } catch (error) {
      trouble.value = problemText(error)
      return false
    } finally {
      busy.value = false
    }
  }

  return { fields, faults: shownFaults, trouble, busy, submit }
}
