import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPosition, writePosition } from './position-file.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-position-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('a position is read as it was written, and there is none before', () => {
  const file = join(dir, 'at')
  expect(readPosition(file, 'lsst-notices')).toBeUndefined()
  for (const next of [0n, 9_223_372_036_854_775_807n]) {
    writePosition(file, { topic: 'lsst-notices', topicId: 'id', next })
    expect(readPosition(file, 'lsst-notices')).toEqual({ topic: 'lsst-notices', topicId: 'id', next })
  }
  expect(() => readPosition(file, 'ztf-notices')).toThrow(/is of lsst-notices, not of ztf-notices/)
})

test.each(['', '{', 'null', '[]', '{"topic":"t","topicId":"i","next":3}', '{"topic":"t","topicId":"i","next":"-3"}'])(
  'a file with %s is no position',
  text => {
    const file = join(dir, 'bad')
    writeFileSync(file, text)
    expect(() => readPosition(file, 't')).toThrow(expect.objectContaining({ code: 'CLI_RESUME' }))
  },
)
