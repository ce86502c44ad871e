import {
  Activity,
  CalendarClock,
  CheckCheck,
  House,
  KeyRound,
  Package,
  ScrollText,
  Server,
  ShieldCheck,
  ShieldUser,
} from '@lucide/vue'
import { computed, type Component } from 'vue'
import type { Me } from '@/api/types'
import { useMe } from '@/features/auth/me'
import type { MessageKey } from '@/ui/i18n'
import type { Section } from '@/ui/routing'

export interface NavEntry {
  section: Section
  icon: Component
  label: MessageKey
  /** Second key of the `g …` chord. */
  key: string
  /** Shown only to who holds this somewhere. */
  needs?: Me['projects'][number]['permissions'][number]
}

/** What the rail, the bottom bar, the palette and the `g` chords offer: only what exists. */
export const NAV: readonly NavEntry[] = [
  { section: 'home', icon: House, label: 'app.nav.home', key: 'h' },
  { section: 'scripts', icon: ScrollText, label: 'app.nav.scripts', key: 's' },
  { section: 'jobs', icon: CalendarClock, label: 'app.nav.jobs', key: 'j', needs: 'job:read' },
  { section: 'runs', icon: Activity, label: 'app.nav.runs', key: 'r' },
  { section: 'environments', icon: Package, label: 'app.nav.environments', key: 'e' },
  { section: 'secrets', icon: KeyRound, label: 'app.nav.secrets', key: 'k', needs: 'secret:use' },
  { section: 'workers', icon: Server, label: 'app.nav.workers', key: 'w' },
  { section: 'approvals', icon: CheckCheck, label: 'app.nav.approvals', key: 'y' },
  { section: 'audit', icon: ShieldCheck, label: 'app.nav.audit', key: 'a', needs: 'audit:read' },
  { section: 'access', icon: ShieldUser, label: 'app.nav.access', key: 'p' },
]

/** What whoever is logged in may open. */
export function useNav() {
  const { data: me } = useMe()
  return computed(() =>
    NAV.filter(
      ({ needs }) => !needs || (me.value?.projects ?? []).some((one) => one.permissions.includes(needs)),
    ),
  )
}
