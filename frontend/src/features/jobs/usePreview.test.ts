import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, ref, type Ref } from 'vue'
import { Problem } from '@/api/problem'
import type { Spec } from './types'
import { usePreview } from './usePreview'

const asked = vi.hoisted(() => vi.fn())
vi.mock('./api', () => ({ previewTrigger: asked }))

const CRON: Spec = { type: 'cron', enabled: true, note: '', cron: '0 9 * * *', timezone: 'UTC' }
const ANSWER = { words: { en: 'At 09:00', zh: '09:00' }, times: [] }

function watched(spec: Ref<Spec>) {
  let found: ReturnType<typeof usePreview> | undefined
  mount(
    defineComponent({
      setup() {
        found = usePreview(spec, 0)
        return () => null
      },
    }),
    {
      global: {
        plugins: [
          [
            VueQueryPlugin,
            { queryClient: new QueryClient({ defaultOptions: { queries: { retry: false } } }) },
          ],
        ],
      },
    },
  )
  return found as ReturnType<typeof usePreview>
}
const settled = async () => {
  await new Promise((resolve) => setTimeout(resolve, 5))
  await flushPromises()
}

beforeEach(() => {
  asked.mockReset().mockResolvedValue(ANSWER)
})

describe('the preview of a trigger', () => {
  it('is asked for once what is typed is whole, also of one that is off', async () => {
    const spec = ref<Spec>({ ...CRON, cron: '', enabled: false })
    const { preview } = watched(spec)
    await settled()
    expect(asked).not.toHaveBeenCalled()
    spec.value = { ...CRON, enabled: false }
    await settled()
    expect(asked).toHaveBeenCalledWith(CRON)
    expect(preview.value).toEqual(ANSWER)
  })

  it('is not asked for of what does not go by time', async () => {
    watched(ref<Spec>({ type: 'after', enabled: true, note: '', job_id: 'j', on: 'any', mapping: {} }))
    await settled()
    expect(asked).not.toHaveBeenCalled()
  })

  it('says at which field the server refused it, until something else is typed', async () => {
    asked.mockRejectedValue(
      new Problem(422, { errors: [{ field: 'trigger.cron.cron', message: 'no such day', code: 'cron' }] }),
    )
    const spec = ref<Spec>({ ...CRON, cron: '0 0 30 2 *' })
    const { preview, refused } = watched(spec)
    await settled()
    expect(refused.value).toEqual({ cron: 'no such day' })
    expect(preview.value).toBeNull()
    asked.mockResolvedValue(ANSWER)
    spec.value = CRON
    expect(refused.value).toEqual({})
    await settled()
    expect(preview.value).toEqual(ANSWER)
  })
})
