import type { Comparison, Run, RunChange } from '@/api/types'
import { t } from '@/ui/i18n'
import { formatBytes, formatDuration, formatNumber } from '@/ui/i18n/format'
import type { CodeLanguage } from '@/ui/code/languages'
import { settingName } from './compared/names'
import { cellText } from './outputShape'
import { versionText } from './words'

/** One fact of two runs, as text. */
export interface ComparedRow {
  name: string
  a: string
  b: string
  same: boolean
  change: string
}

const NOTHING = '–'
const row = (name: string, a: string, b: string, same: boolean, change = ''): ComparedRow => ({
  name,
  a,
  b,
  same,
  change,
})

type Figure = Comparison['figures'][number]
const FORMATS: Record<Figure['name'], (value: number) => string> = {
  duration_s: (value) => formatDuration(value),
  waited_s: (value) => formatDuration(value),
  cpu_s: (value) => formatDuration(value),
  memory_peak_mb: (value) => formatBytes(value * 1_000_000),
  output_bytes: (value) => formatBytes(value),
  exit_code: (value) => formatNumber(value),
  attempt: (value) => formatNumber(value),
}
/** Figures of which "twice as much" says something. */
const MEASURES: ReadonlySet<Figure['name']> = new Set([
  'duration_s',
  'waited_s',
  'cpu_s',
  'memory_peak_mb',
  'output_bytes',
])
/** Below this share two measurements are as good as equal: no two runs take the same time. */
const NOTABLE = 0.1

export function figureRows({ figures }: Comparison): ComparedRow[] {
  return figures
    .filter((figure) => figure.a !== null || figure.b !== null)
    .map(({ name, a, b, change }) => {
      const isMeasure = MEASURES.has(name)
      const same = a === b || (isMeasure && change !== null && Math.abs(change - 1) < NOTABLE)
      const text = (value: number | null) => (value === null ? NOTHING : FORMATS[name](value))
      const times =
        isMeasure && change !== null && a !== b
          ? t('runs.compare.times', { n: formatNumber(change, { maximumSignificantDigits: 3 }) })
          : ''
      return row(t(`runs.compare.figure.${name}`), text(a), text(b), same, times)
    })
}

export function parameterRows({ parameters }: Comparison): ComparedRow[] {
  return parameters.map(({ key, a, b, same }) => row(key, shown(a), shown(b), same))
}

export function settingRows({ settings }: Comparison): ComparedRow[] {
  return settings.map(({ name, a, b }) => row(settingName(name), shown(a), shown(b), false))
}

/** The packages that differ; those that are the same are not worth a line. */
export function packageRows({ packages }: Comparison): ComparedRow[] {
  return packages.differ.map(({ name, a, b }) => row(name, a ?? NOTHING, b ?? NOTHING, false))
}

const shown = (value: unknown) => cellText(value) || NOTHING

export function outputText(output: unknown): string {
  return output === null || output === undefined ? '' : JSON.stringify(output, null, 2)
}

export function codeLanguage(language: string): CodeLanguage {
  return language === 'javascript' || language === 'shell' || language === 'sql' ? language : 'python'
}

/** What differs. Between runs of two scripts the numbers of their versions say nothing without their names. */
export function changesOf({ changed }: Comparison, a?: Run, b?: Run): RunChange[] {
  if (!a || !b || a.script_id === b.script_id) return changed
  const named = (run: Run) => `${run.script_name} ${versionText(run)}`
  const code: RunChange = { what: 'code', detail: `${named(a)} → ${named(b)}` }
  return [code, ...changed.filter((change) => change.what !== 'code')]
}
