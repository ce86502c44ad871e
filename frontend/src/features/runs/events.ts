import type { RunEvent } from '@/api/types'
import { language, optional, t } from '@/ui/i18n'

/** The parts of an event that say something to a reader, as text. */
export function eventDetails(event: RunEvent): string {
  return Object.entries(event.data)
    .filter(([key, value]) => value !== null && value !== '' && key !== 'trigger' && !key.endsWith('_id'))
    .map(([key, value]) => detail(key, value, event.data))
    .filter(Boolean)
    .join(' · ')
}

function detail(key: string, value: unknown, all: RunEvent['data']): string {
  if (key === 'by') return t('runs.event.by', { name: String(value) })
  if (key === 'error' && isError(value)) {
    // The code it ended with already stands beside it.
    if (value.code === 'exit_code' && 'exit_code' in all) return ''
    return language.value === 'en' ? value.message : (optional(`runs.error.${value.code}`) ?? value.message)
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `${optional(`runs.event.data.${key}`) ?? key}: ${text}`
}

function isError(value: unknown): value is { code: string; message: string } {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}
