import { describe, expect, it, vi } from 'vitest'
import { follow } from './connect'
import type { ServerEvent } from './sse'

const encoder = new TextEncoder()

/** A response that gives these pieces and then ends, or breaks. */
function answer(pieces: (string | Uint8Array)[], breaks = false): Response {
  const rest = pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : piece))
  return new Response(
    new ReadableStream({
      pull(controller) {
        const next = rest.shift()
        if (next) controller.enqueue(next)
        else if (breaks) controller.error(new TypeError('network'))
        else controller.close()
      },
    }),
  )
}

function run(answers: (Response | Error)[]) {
  const seen: ServerEvent[] = []
  const states: string[] = []
  const opened: string[] = []
  const abort = new AbortController()
  const done = follow({
    open: (lastId) => {
      opened.push(lastId)
      const next = answers.shift()
      if (!next) {
        abort.abort()
        return Promise.reject(new Error('no more'))
      }
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next)
    },
    events: (events) => seen.push(...events),
    status: (status) => states.push(status),
    mayPass: (error) => !(error instanceof Error && error.message === 'refused'),
    lastId: '0',
    signal: abort.signal,
    wait: () => Promise.resolve(),
  })
  return { done, seen, states, opened }
}

describe('follow', () => {
  it('ends at the end event', async () => {
    const { done, seen, states } = run([
      answer(['id: 1\nevent: log\ndata: a\n\n', 'event: end\ndata: {}\n\n']),
    ])
    await done
    expect(seen.map((event) => event.event)).toEqual(['log', 'end'])
    expect(states).toEqual(['connecting', 'open', 'ended'])
  })

  it('goes on from the last id after a break', async () => {
    const { done, seen, opened, states } = run([
      answer(['id: 7\nevent: log\ndata: a\n\n'], true),
      new Error('unreachable'),
      answer(['id: 8\nevent: log\ndata: b\n\nevent: end\ndata: {}\n\n']),
    ])
    await done
    expect(opened).toEqual(['0', '7', '7'])
    expect(seen.map((event) => event.data)).toEqual(['a', 'b', '{}'])
    expect(states).toEqual(['connecting', 'open', 'waiting', 'waiting', 'open', 'ended'])
  })

  it('reconnects when the server closes without an end', async () => {
    const { done, opened } = run([answer(['id: 3\ndata: x\n\n']), answer(['event: end\ndata: {}\n\n'])])
    await done
    expect(opened).toEqual(['0', '3'])
  })

  it('puts letters together that are cut in two', async () => {
    const bytes = encoder.encode('data: 运\n\nevent: end\ndata: {}\n\n')
    const { done, seen } = run([answer([bytes.slice(0, 7), bytes.slice(7)])])
    await done
    expect(seen[0]?.data).toBe('运')
  })

  it('gives up on a refusal', async () => {
    const { done, states } = run([new Error('refused')])
    await expect(done).rejects.toThrow('refused')
    expect(states).toEqual(['connecting', 'off'])
  })

  it('stops when aborted', async () => {
    const status = vi.fn()
    const abort = new AbortController()
    const done = follow({
      open: () => Promise.resolve(new Response(new ReadableStream())),
      events: () => undefined,
      status,
      mayPass: () => true,
      lastId: '',
      signal: abort.signal,
    })
    await new Promise((resolve) => setTimeout(resolve, 5))
    abort.abort()
    await done
    expect(status).toHaveBeenLastCalledWith('open')
  })
})
