import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { openTailProgress } from './tail-progress.ts'

const open = (isTTY: boolean) => {
  const stderr = Object.assign(new PassThrough(), { isTTY })
  const said: string[] = []
  let nowMs = 0
  const progress = openTailProgress({ out: { progress: text => void said.push(text) }, stderr, now: () => nowMs })
  const written = (): string => String(stderr.read() ?? '')
  return { progress, said, written, at: (ms: number) => (nowMs = ms) }
}

test('a terminal has one line, which says how far behind the reader is', () => {
  const { progress, written, at } = open(true)
  at(1000)
  progress.read({ notices: 270, wanted: 3, behind: 12n, fetched: 2, present: 1, gone: 0 })
  progress.read({ notices: 270, wanted: 3, behind: 0n, fetched: 2, present: 1, gone: 0 })
  expect(written()).toBe('\r\x1b[K270 notices, 270/s, 3 wanted, 2 packets fetched, 1 there already, 12 behind')
  progress.close()
  expect(written()).toBe('\n')
  expect(progress.summary('t')).toBe('540 notices read from t, 3 wanted, 2 packets fetched, 1 there already')
})

test('elsewhere a reader that is slower than the stream is told so, once a minute', () => {
  const { progress, said, written, at: clock } = open(false)
  for (const [at, second] of [1, 59, 60, 61, 119, 120, 125].entries()) {
    clock(second * 1000)
    progress.read({ notices: 1, wanted: at + 1, behind: second === 125 ? 0n : 20_000n })
  }
  expect(said).toEqual(
    Array.from({ length: 2 }, () => '20000 notices behind: this reader is slower than the stream, or was away'),
  )
  expect(written()).toBe('')
  expect(progress.summary('t')).toBe('7 notices read from t')
})
