import type { RunChange } from '@/api/types'
import { optional, t } from '@/ui/i18n'

/** What the script says of its runs, beside what held for one run: both may have limits. */
const OF_SCRIPT = 'option '

/** The name of a setting in words; one that is not known keeps the name that it has in the API. */
export function settingName(name: string): string {
  const plain = name.startsWith(OF_SCRIPT) ? name.slice(OF_SCRIPT.length) : name
  const words = optional(`compared.setting.${plain}`) ?? plain
  return plain === name ? words : t('compared.ofScript', { name: words })
}

/** Whole sentences of the server, which the page says in its own language. */
const SENTENCES: Readonly<Record<string, () => string>> = {
  'another text': () => t('compared.otherText'),
  'another environment with the same packages': () => t('compared.otherEnvironment'),
  'another worker': () => t('compared.otherWorker'),
}

/** What a change consists of, in words. Labels, parameters and packages are names that stay as they are. */
export function changeText({ what, detail }: RunChange): string {
  if (what === 'settings') return detail.split(', ').map(settingName).join(', ')
  return what === 'code' || what === 'packages' || what === 'worker'
    ? (SENTENCES[detail]?.() ?? detail)
    : detail
}
