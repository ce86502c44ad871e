import { CircleHelp, Play, Star } from '@lucide/vue'
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { h, type Component } from 'vue'
import { __iconData as help } from '@lucide/vue/dist/esm/icons/circle-question-mark.mjs'
import { __iconData as play } from '@lucide/vue/dist/esm/icons/play.mjs'
import { __iconData as star } from '@lucide/vue/dist/esm/icons/star.mjs'
import drawIcon from './drawIcon'

const LOOK = { size: 15, strokeWidth: 1.7, class: 'mine', 'aria-hidden': 'true' }

function drawn(icon: Component) {
  const element = mount(() => h(icon, LOOK)).element as Element
  const attributes = element.getAttributeNames().filter((name) => name !== 'class')
  return {
    look: Object.fromEntries(attributes.map((name) => [name, element.getAttribute(name)])),
    shapes: [...element.children].map((shape) => [
      shape.tagName.toLowerCase(),
      ...shape.getAttributeNames().map((name) => `${name}=${String(shape.getAttribute(name))}`),
    ]),
    classes: [...element.classList],
  }
}

it.each([
  ['play', Play, play],
  ['star', Star, star],
  ['help', CircleHelp, help],
])('%s looks as the library draws it', (_name, theirs, data) => {
  const ours = drawn(drawIcon(data))
  const model = drawn(theirs)
  expect(ours.look).toEqual(model.look)
  expect(ours.shapes).toEqual(model.shapes)
  expect(model.classes).toEqual(expect.arrayContaining(ours.classes))
  expect(ours.classes).toContain('mine')
})
