import type { Play } from '@lucide/vue'
import type { VNode } from 'vue'

type Icon = typeof Play
const NOTHING = { attrs: {}, slots: {}, emit: () => undefined }

/**
 * An icon as a mere element, for `<component :is="iconElement(Star, 14)">`: where there are hundreds, a component
 * for each is most of the work.
 */
export function iconElement(icon: Icon, size: number, strokeWidth = 2): VNode {
  return icon({ size, strokeWidth }, NOTHING) as VNode
}
