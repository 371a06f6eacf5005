import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { demandRoom, takenBy } from './free-disk.ts'

const folder = (): string => join(mkdtempSync(join(tmpdir(), 'skysieve-disk-')), 'node')

test('what a folder’s own files take counts as its room', async () => {
  const dir = folder()
  mkdirSync(join(dir, 'data'), { recursive: true })
  writeFileSync(join(dir, 'data', 'segment'), Buffer.alloc(1_000_000, 1))
  expect(await takenBy(dir)).toBeGreaterThanOrEqual(1_000_000)
})

test('a disk that is too small is named with what it has and what is needed', async () => {
  const dir = folder()
  await demandRoom(dir, 1)
  await expect(demandRoom(dir, 1e18)).rejects.toThrow(
    new RegExp(`${dir} has \\d+\\.\\d GB.*1000000000\\.0 GB are needed`),
  )
})
