import { expect, it } from 'vitest'
import { placeFor } from './place'

const window = { width: 400, height: 300 }
const menu = { width: 150, height: 100 }

it.each([
  ['under its button, flush left', { left: 20, right: 60, top: 10, bottom: 40 }, { left: 20, top: 44 }],
  ['flush right at the edge', { left: 360, right: 390, top: 10, bottom: 40 }, { left: 240, top: 44 }],
  ['above when there is no room', { left: 20, right: 60, top: 250, bottom: 280 }, { left: 20, top: 146 }],
  ['never outside', { left: 390, right: 100, top: 90, bottom: 280 }, { left: 8, top: 8 }],
])('lies %s', (_name, button, place) => {
  expect(placeFor(button, menu, window)).toEqual(place)
})
