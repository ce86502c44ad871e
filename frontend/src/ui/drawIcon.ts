import { h, type FunctionalComponent, type VNode, type VNodeProps } from 'vue'

/** What the icon library says of an icon: its name, and the shapes on its canvas of 24 by 24. */
interface IconData {
  name: string
  node: [tag: string, attributes: Record<string, string | number>][]
}

interface IconLook extends VNodeProps {
  size?: number | string
  strokeWidth?: number | string
}

const CANVAS = {
  xmlns: 'http://www.w3.org/2000/svg',
  viewBox: '0 0 24 24',
  fill: 'none',
  stroke: 'currentColor',
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
}

function shapesOf(node: IconData['node']): DocumentFragment {
  const shapes = document.createDocumentFragment()
  for (const [tag, attributes] of node) {
    const shape = document.createElementNS(CANVAS.xmlns, tag)
    for (const [name, value] of Object.entries(attributes))
      if (name !== 'key') shape.setAttribute(name, String(value))
    shapes.append(shape)
  }
  return shapes
}

/**
 * An icon as one element. The build puts it in place of the library's own maker, which draws each icon by two
 * components and an object for every shape: a list of fifty rows shows three hundred icons.
 */
export default function drawIcon({ name, node }: IconData): FunctionalComponent<IconLook> {
  let shapes: DocumentFragment | undefined
  // Copies of shapes that were made once: neither parsed nor compared.
  const fill = ({ el }: VNode) => {
    shapes ??= shapesOf(node)
    ;(el as Element).append(shapes.cloneNode(true))
  }
  const icon: FunctionalComponent<IconLook> = ({ size = 24, strokeWidth = 2 }) =>
    h('svg', {
      ...CANVAS,
      class: `lucide lucide-${name}`,
      width: size,
      height: size,
      'stroke-width': strokeWidth,
      onVnodeBeforeMount: fill,
    })
  icon.props = ['size', 'strokeWidth']
  return icon
}
