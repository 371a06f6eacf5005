import { expect, test } from 'vitest'
import type { Output } from './output.ts'
import { progressLine } from './progress-line.ts'

const noted = () => {
  const lines: string[] = []
  const nothing = (): void => undefined
  const out: Output = {
    result: nothing,
    document: nothing,
    line: nothing,
    progress: text => void lines.push(text),
    failure: nothing,
  }
  return { lines, out }
}

test('progress is said once a second, with its rate and the time left', () => {
  const { lines, out } = noted()
  let nowMs = 0
  const show = progressLine(out, () => nowMs)
  for (; nowMs <= 2000; nowMs += 250) show(nowMs, 10_000)
  expect(lines).toEqual(['1000 of 10000, 1000/s, 9 s left', '2000 of 10000, 1000/s, 8 s left'])
})

test('work of unknown length has a rate and no end', () => {
  const { lines, out } = noted()
  let nowMs = 0
  const show = progressLine(out, () => nowMs)
  nowMs = 2000
  show(500)
  expect(lines).toEqual(['500, 250/s'])
})
