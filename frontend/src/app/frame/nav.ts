import { Activity, House, Package, ScrollText, Server } from '@lucide/vue'
import type { Component } from 'vue'
import type { MessageKey } from '@/ui/i18n'
import type { Section } from '@/ui/routing'

export interface NavEntry {
  section: Section
  icon: Component
  label: MessageKey
  /** Second key of the `g …` chord. */
  key: string
}

/** What the rail, the bottom bar, the palette and the `g` chords offer: only what exists. */
export const NAV: readonly NavEntry[] = [
  { section: 'home', icon: House, label: 'app.nav.home', key: 'h' },
  { section: 'scripts', icon: ScrollText, label: 'app.nav.scripts', key: 's' },
  { section: 'runs', icon: Activity, label: 'app.nav.runs', key: 'r' },
  { section: 'environments', icon: Package, label: 'app.nav.environments', key: 'e' },
  { section: 'workers', icon: Server, label: 'app.nav.workers', key: 'w' },
]
