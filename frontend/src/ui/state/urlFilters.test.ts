import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { defineComponent, type WritableComputedRef } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { useUrlFilters, useUrlText, type Filters } from './urlFilters'

async function at(address: string) {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:rest(.*)', component: {}, meta: { title: 'ui.action.more' } }],
  })
  await router.push(address)
  let filters!: WritableComputedRef<Filters>
  let q!: WritableComputedRef<string>
  mount(
    defineComponent(() => {
      filters = useUrlFilters(['state', 'tag'])
      q = useUrlText('q')
      return () => null
    }),
    { global: { plugins: [router] } },
  )
  const settled = async () => {
    await new Promise((resolve) => setTimeout(resolve))
    return router.currentRoute.value.fullPath
  }
  return { filters, q, settled }
}

it('reads what is on from the address', async () => {
  const { filters, q } = await at('/runs?state=failed&state=lost&q=etl&other=1')
  expect(filters.value).toEqual({ state: ['failed', 'lost'] })
  expect(q.value).toBe('etl')
})

it('writes one, several and none, and leaves the rest of the address alone', async () => {
  const { filters, q, settled } = await at('/runs?other=1')
  filters.value = { state: ['failed', 'lost'], tag: ['a b'] }
  expect(await settled()).toBe('/runs?other=1&state=failed&state=lost&tag=a+b')
  filters.value = { state: [] }
  expect(await settled()).toBe('/runs?other=1')
  q.value = 'csv'
  expect(await settled()).toBe('/runs?other=1&q=csv')
  q.value = ''
  expect(await settled()).toBe('/runs?other=1')
})
