import type { Comparison, RunChange } from '@/api/types'
import { t, optional } from '@/ui/i18n'
import { formatBytes, formatDuration, formatNumber } from '@/ui/i18n/format'
import type { CodeLanguage } from '@/ui/code/languages'
import { cellText } from './outputShape'

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

/** What the script says of its runs, beside what held for one run: both may have limits. */
const OF_SCRIPT = 'option '

/** The name of a setting in words; one that is not known keeps the name that it has in the API. */
export function settingName(name: string): string {
  const plain = name.startsWith(OF_SCRIPT) ? name.slice(OF_SCRIPT.length) : name
  const words = optional(`runs.compare.setting.${plain}`) ?? plain
  return plain === name ? words : t('runs.compare.ofScript', { name: words })
}

/** Whole sentences of the server, which the page says in its own language. */
const SENTENCES: Readonly<Record<string, () => string>> = {
  'another text': () => t('runs.compare.otherText'),
  'another environment with the same packages': () => t('runs.compare.otherEnvironment'),
  'another worker': () => t('runs.compare.otherWorker'),
}

/** What a change consists of, in words. Labels, parameters and packages are names that stay as they are. */
export function changeText({ what, detail }: RunChange): string {
  if (what === 'settings') return detail.split(', ').map(settingName).join(', ')
  return what === 'code' || what === 'packages' || what === 'worker'
    ? (SENTENCES[detail]?.() ?? detail)
    : detail
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
