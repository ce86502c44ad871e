import { onScopeDispose, shallowRef, toValue, watchEffect, type MaybeRefOrGetter } from 'vue'

const name = shallowRef<string | null>(null)

/** The name of the thing the page is about, as shown in the last breadcrumb and in the window's title. */
export const pageName = name

/** Say what this page is about (`usePageName(() => script.data.value?.name)`); forgotten when the page is left. */
export function usePageName(source: MaybeRefOrGetter<string | null | undefined>): void {
  const stop = watchEffect(() => {
    name.value = toValue(source) ?? null
  })
  onScopeDispose(() => {
    stop()
    name.value = null
  })
}
