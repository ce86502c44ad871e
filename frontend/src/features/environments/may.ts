import { computed, type Ref } from 'vue'
import { useMe } from '@/features/auth/me'

/** What whoever is logged in may do to environments; false as long as that is not known. */
export function useMay(project: Ref<string>) {
  const { data: me } = useMe()
  const isAdmin = computed(() => me.value?.is_admin === true)
  const manage = computed(
    () =>
      isAdmin.value ||
      (me.value?.projects ?? []).some(
        (one) => one.name === project.value && one.permissions.includes('environment:manage'),
      ),
  )
  return { isAdmin, manage }
}
