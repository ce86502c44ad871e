import { ask, client } from '@/api/client'
import { t } from '@/ui/i18n'

const MOST_SCRIPTS = 10
const MOST_NAMED = 5

/** Which jobs a deletion has broken, as a sentence after `done`; only `done` where there are none, or nobody may say. */
export async function withBrokenJobs(done: string, scriptIds: readonly string[]): Promise<string> {
  const found = await Promise.allSettled(
    scriptIds
      .slice(0, MOST_SCRIPTS)
      .map((id) =>
        ask(client.GET('/api/v1/jobs', { params: { query: { target_id: id, limit: MOST_NAMED + 1 } } })),
      ),
  )
  const names = found
    .flatMap((one) => (one.status === 'fulfilled' ? one.value.items : []))
    .map((job) => job.name)
  if (names.length === 0) return done
  const more = names.length > MOST_NAMED ? '…' : ''
  return t('ui.brokenJobs', { done, jobs: names.slice(0, MOST_NAMED).join(', ') + more })
}
