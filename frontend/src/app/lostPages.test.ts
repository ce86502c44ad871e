import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { dismiss, toasts } from '@/ui/toast/toasts'
import { tellLostPages } from './lostPages'

let isHere = true
function routerOf(fetchAnew: (path: string) => void) {
  const page = { render: () => null }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      {
        path: '/far',
        component: () => (isHere ? Promise.resolve(page) : Promise.reject(new TypeError('Failed to fetch'))),
      },
    ],
  })
  tellLostPages(router, fetchAnew)
  return router
}
const go = (router: ReturnType<typeof routerOf>) => router.push('/far?a=1').catch(() => undefined)

beforeEach(() => {
  sessionStorage.clear()
  isHere = false
})
afterEach(() => {
  vi.unstubAllGlobals()
  for (const { id } of toasts.value) dismiss(id)
})

it('says that the server is away, and goes on when it is back', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')))
  const fetchAnew = vi.fn()
  const router = routerOf(fetchAnew)
  await router.push('/')
  await go(router)
  await vi.waitFor(() => {
    expect(toasts.value.map((one) => one.text)).toEqual([expect.stringContaining('cannot be reached')])
  })
  expect(fetchAnew).not.toHaveBeenCalled()
  isHere = true
  toasts.value[0]?.action?.run()
  await vi.waitFor(() => {
    expect(router.currentRoute.value.fullPath).toBe('/far?a=1')
  })
})

it('fetches a page of an upgraded server anew, but not for ever', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve({ ok: true }))
  const fetchAnew = vi.fn()
  const router = routerOf(fetchAnew)
  await router.push('/')
  await go(router)
  await vi.waitFor(() => {
    expect(fetchAnew).toHaveBeenCalledExactlyOnceWith('/far?a=1')
  })
  expect(toasts.value).toHaveLength(0)
  await go(router)
  await vi.waitFor(() => {
    expect(toasts.value).toHaveLength(1)
  })
  expect(fetchAnew).toHaveBeenCalledOnce()
})
