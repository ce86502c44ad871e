import { useQueryClient } from '@tanstack/vue-query'
import { computed, reactive, ref, watch } from 'vue'
import { keys } from '@/api/keys'
import { useSending } from '@/ui/form/sending'
import { t } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { myZone } from '../zones'
import { importJobs } from './api'
import { kindOf, LARGEST_FILE } from './reading'
import type { ImportAnswer, ImportWish } from './types'

/** An import from what is pasted, over what would become of it, to what became of it. */
export function useImport() {
  const queries = useQueryClient()
  const preferences = usePreferences()
  const wish = reactive<ImportWish>({
    kind: 'crontab',
    text: '',
    timezone: myZone(),
    project: preferences.project,
    prefix: '',
    folder: '',
    begin: 'shadow',
  })
  const { busy, refused, trouble, send } = useSending(() => ['text', 'timezone', 'prefix', 'folder'])
  const planned = ref<ImportAnswer | null>(null)
  const made = ref<ImportAnswer | null>(null)
  const chosen = ref(new Set<number>())
  /** Several schedules of one script make one job; what is chosen is schedules. */
  const count = computed(() => chosen.value.size)

  // What was looked at is no longer what would be made.
  watch([() => wish.kind, () => wish.text, () => wish.timezone], () => (planned.value = null))

  const look = () =>
    send(
      () => importJobs({ ...wish }, null),
      (answer) => {
        planned.value = answer
        chosen.value = new Set(answer.items.filter((one) => one.enabled).map((one) => one.index))
      },
    )
  const apply = () =>
    send(
      () => importJobs({ ...wish }, [...chosen.value]),
      async (answer) => {
        made.value = answer
        await Promise.all([
          queries.invalidateQueries({ queryKey: keys.jobs.all }),
          queries.invalidateQueries({ queryKey: keys.scripts.all }),
        ])
      },
    )

  async function take(file: File): Promise<void> {
    if (file.size > LARGEST_FILE) {
      trouble.value = t('jobimport.tooLarge', { name: file.name })
      return
    }
    trouble.value = ''
    wish.text = await file.text()
    wish.kind = kindOf(file.name, wish.text) ?? wish.kind
  }
  function choose(index: number, on: boolean): void {
    const next = new Set(chosen.value)
    if (on) next.add(index)
    else next.delete(index)
    chosen.value = next
  }
  function chooseAll(on: boolean): void {
    chosen.value = new Set(on ? planned.value?.items.map((one) => one.index) : [])
  }
  return { wish, busy, refused, trouble, planned, made, chosen, count, look, apply, take, choose, chooseAll }
}
