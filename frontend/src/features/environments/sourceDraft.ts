import type { components } from '@/api/schema'
import { t } from '@/ui/i18n'

type Schemas = components['schemas']
export type SourceChoice = Schemas['SourceChoice']
export type Sources = Schemas['SourcesBody']
export type Mirrors = Schemas['MirrorList']
export type Tool = keyof Mirrors

/** What may be chosen for each kind of package; empty leaves it to what is above. */
export const MIRRORS = {
  python: ['', 'official', 'tsinghua', 'aliyun', 'tencent', 'custom'],
  node: ['', 'official', 'aliyun', 'tencent', 'custom'],
  conda: ['', 'official', 'tsinghua', 'aliyun', 'custom'],
} as const
export const PROXIES = ['', 'off', 'custom'] as const

/** A choice as a form holds it: lists as text with one address on each line. */
export interface SourceDraft {
  python: { mirror: (typeof MIRRORS.python)[number]; index_url: string; extra_index_urls: string }
  node: { mirror: (typeof MIRRORS.node)[number]; registry_url: string }
  conda: { mirror: (typeof MIRRORS.conda)[number]; channels: string }
  proxy: { mode: (typeof PROXIES)[number]; http: string; https: string; no_proxy: string }
}

export function sourceDraft({ python, node, conda, proxy }: SourceChoice): SourceDraft {
  return {
    python: {
      mirror: python?.mirror ?? '',
      index_url: python?.index_url ?? '',
      extra_index_urls: (python?.extra_index_urls ?? []).join('\n'),
    },
    node: { mirror: node?.mirror ?? '', registry_url: node?.registry_url ?? '' },
    conda: { mirror: conda?.mirror ?? '', channels: (conda?.channels ?? []).join('\n') },
    proxy: {
      mode: proxy?.mode ?? '',
      http: proxy?.http ?? '',
      https: proxy?.https ?? '',
      no_proxy: proxy?.no_proxy ?? '',
    },
  }
}

/** The choice that a form comes to: addresses that its choices leave out of use are not kept. */
export function choiceOf({ python, node, conda, proxy }: SourceDraft): SourceChoice {
  const isOwn = proxy.mode === 'custom'
  return {
    python: {
      mirror: python.mirror,
      index_url: (python.mirror === 'custom' && python.index_url.trim()) || null,
      extra_index_urls: python.mirror ? lines(python.extra_index_urls) : [],
    },
    node: {
      mirror: node.mirror,
      registry_url: (node.mirror === 'custom' && node.registry_url.trim()) || null,
    },
    conda: { mirror: conda.mirror, channels: conda.mirror === 'custom' ? lines(conda.channels) : [] },
    proxy: {
      mode: proxy.mode,
      http: isOwn ? proxy.http.trim() : '',
      https: isOwn ? proxy.https.trim() : '',
      no_proxy: isOwn ? proxy.no_proxy.trim() : '',
    },
  }
}

/** Whether two forms come to the same choice. */
export function sameChoice(one: SourceDraft, other: SourceDraft): boolean {
  return JSON.stringify(choiceOf(one)) === JSON.stringify(choiceOf(other))
}

/** What is refused of a field, or of one address on its list. */
export function refusalOf(refused: Record<string, string>, field: string): string | undefined {
  const found = Object.keys(refused).find((one) => one === field || one.startsWith(`${field}.`))
  return found && refused[found]
}

/** Where packages of a kind come from in the end. */
export function effectiveOf({ effective }: Sources, tool: Tool): string[] {
  const { index_url: index, extra_index_urls: extra, registry_url: registry, channels } = effective
  if (tool === 'conda') return channels
  if (tool === 'node') return [registry || t('environments.sources.toolsOwn')]
  return [index || t('environments.sources.toolsOwn'), ...extra]
}

/** The proxy that builds use in the end. */
export function effectiveProxy({ effective }: Sources): string {
  const { http_proxy: http, https_proxy: https, no_proxy: hosts } = effective
  if (http === null && https === null) return t('environments.sources.serversOwn')
  const proxy = [...new Set([http, https].filter(Boolean))].join(', ')
  if (!proxy) return t('environments.sources.noneAtAll')
  return hosts ? t('environments.sources.proxyFor', { proxy, hosts }) : proxy
}

export function isMasked(draft: SourceDraft): boolean {
  return JSON.stringify(choiceOf(draft)).includes('//***@')
}

function lines(text: string): string[] {
  return text.split(/\s+/u).filter(Boolean)
}
