import { expect, test } from 'vitest'
import { HubError, type HubErrorCode } from '#hub'
import { untilDone } from './until-done.ts'

const never = new AbortController().signal

/** Fails so in turn, then succeeds; counts its tries. */
const failing = (...codes: HubErrorCode[]) => {
  const work = { tries: 0 }
  return {
    work,
    run: async (): Promise<void> => {
      const code = codes[work.tries]
      work.tries += 1
      if (code !== undefined) throw new HubError(code, `no answer (${code})`)
    },
  }
}

test('a step that meets a slow broker is repeated, and each new reason is told once', async () => {
  const notes: string[] = []
  const { work, run } = failing('HUB_UNREACHABLE', 'HUB_UNREACHABLE', 'HUB_ADMIN_FAILED')
  await untilDone('hub-access', { signal: never, note: text => void notes.push(text) }, run)
  expect(work.tries).toBe(4)
  expect(notes).toEqual([
    '  hub-access is tried again: no answer (HUB_UNREACHABLE)',
    '  hub-access is tried again: no answer (HUB_ADMIN_FAILED)',
  ])
})

test('what another try would not change ends the step at once', async () => {
  const { work, run } = failing('HUB_NOT_AUTHORIZED')
  const retry = { signal: never, note: () => undefined }
  await expect(untilDone('hub-access', retry, run)).rejects.toMatchObject({ code: 'HUB_NOT_AUTHORIZED' })
  expect(work.tries).toBe(1)
})

test('the end of a start ends the step', async () => {
  const ending = new AbortController()
  const reason = new Error('Ctrl-C')
  const retry = { signal: ending.signal, note: () => ending.abort(reason) }
  const { run } = failing('HUB_UNREACHABLE', 'HUB_UNREACHABLE')
  await expect(untilDone('hub-access', retry, run)).rejects.toMatchObject({ cause: reason })
})
