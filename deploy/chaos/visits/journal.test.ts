import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { journalFiles, openJournal } from './journal.ts'

let dir: string | undefined
afterEach(async () => {
  if (dir !== undefined) await rm(dir, { recursive: true, force: true })
})

test('says of each acknowledged packet where the hub has it, and keeps its bytes once', async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-journal-'))
  const journal = await openJournal(dir)
  const [one, two] = [Buffer.from('first'), Buffer.from('second packet')]
  const topic = 'lsst'
  await journal.acknowledged(
    [
      { partition: 3, alertId: '10', sentMs: 5, packet: one },
      { partition: 0, alertId: '11', sentMs: 6, packet: two },
      { partition: 3, alertId: '10', sentMs: 5, packet: one },
    ],
    [
      { topic, partition: 3, offset: 40n },
      { topic, partition: 0, offset: 7n },
    ],
  )
  await journal.close()
  const files = journalFiles(dir)
  const lines = (await readFile(files.acknowledged, 'utf8')).trim().split('\n')
  const told = lines.map(line => JSON.parse(line) as { partition: number; offset: number; at: number; bytes: number })
  expect(told.map(({ partition, offset }) => [partition, offset])).toEqual([
    [3, 40],
    [0, 7],
    [3, 41],
  ])
  const bytes = await readFile(files.packets)
  expect(told.map(({ at, bytes: length }) => bytes.subarray(at, at + length).toString())).toEqual([
    'first',
    'second packet',
    'first',
  ])
  expect(bytes.length).toBe(one.length + two.length)
})

test('takes no packet for acknowledged whose place the hub did not say', async () => {
  dir = await mkdtemp(join(tmpdir(), 'skysieve-journal-'))
  const journal = await openJournal(dir)
  const packet = Buffer.from('x')
  await expect(journal.acknowledged([{ partition: 1, alertId: '1', sentMs: 1, packet }], [])).rejects.toThrow(
    /partition 1/,
  )
  await journal.close()
})
