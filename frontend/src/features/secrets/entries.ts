import { t } from '@/ui/i18n'
import type { Entry, Level } from './api'

/** Where a value belongs, in words. */
export function placeOf(one: Pick<Entry, 'level' | 'project' | 'script_name'>): string {
  if (one.level === 'script') return t('secrets.place.script', { name: one.script_name ?? '' })
  return one.level === 'global' ? t('secrets.place.global') : t('secrets.place.project')
}

export const stageName = (stage: string | null): string => stage ?? t('secrets.stage.every')

/** Where a new value is to be; without a stage it is for every one. */
export interface Place {
  level: Level
  script: { id: string; name: string } | null
  stage: string
}

export const anyPlace = (): Place => ({ level: 'project', script: null, stage: '' })

export const isPlace = ({ level, script }: Place): boolean => level !== 'script' || script !== null

/** A place as it is sent. */
export const sentPlace = ({ level, script, stage }: Place) => ({
  level,
  script_id: level === 'script' ? (script?.id ?? null) : null,
  stage: stage || null,
})

const ORDER: readonly Level[] = ['script', 'project', 'global']

/** Values of one name together, those that win over others first. */
export function grouped(entries: readonly Entry[]): { name: string; entries: Entry[] }[] {
  const names = new Map<string, Entry[]>()
  for (const one of entries) names.set(one.name, [...(names.get(one.name) ?? []), one])
  return [...names].map(([name, found]) => ({
    name,
    entries: found.toSorted(
      (a, b) =>
        ORDER.indexOf(a.level) - ORDER.indexOf(b.level) ||
        (a.script_name ?? '').localeCompare(b.script_name ?? '') ||
        Number(a.stage === null) - Number(b.stage === null) ||
        (a.stage ?? '').localeCompare(b.stage ?? ''),
    ),
  }))
}

/** What stands in a stage: its own values and those of every stage. */
export const standsIn = (one: Pick<Entry, 'stage'>, stage: string): boolean =>
  stage === '' || one.stage === null || one.stage === stage

/** Stages as people write them: apart by spaces or commas, each once. */
export const stagesIn = (text: string): string[] => [
  ...new Set(
    text
      .toLowerCase()
      .split(/[\s,，、;；]+/u)
      .filter(Boolean),
  ),
]
