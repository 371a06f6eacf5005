import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openFileStore } from './file-store.ts'
import { describeStore } from './store-conformance.fixture.ts'

const made: string[] = []
const folder = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-archive-'))
  made.push(dir)
  return dir
}
afterAll(() => Promise.all(made.map(dir => rm(dir, { recursive: true }))))

describeStore('local files', async () => {
  const dir = join(await folder(), 'archive')
  return { open: mode => openFileStore(dir, { readOnly: mode === 'read-only' }) }
})

test('what a killed writer had only begun is swept an hour later and never listed, and what another writer has begun stays', async () => {
  const dir = await folder()
  await openFileStore(dir)
  await writeFile(join(dir, '.begun', 'torn'), 'half an obj')
  const reader = await openFileStore(dir, { readOnly: true })
  expect(await Array.fromAsync(reader.list(''))).toEqual([])
  await utimes(join(dir, '.begun', 'torn'), new Date(0), new Date(0))
  await writeFile(join(dir, '.begun', 'now'), 'of a back-fill')
  await openFileStore(dir)
  expect(await readdir(join(dir, '.begun'))).toEqual(['now'])
})

test('a place that cannot be written to is told with what to do', async () => {
  const dir = await folder()
  await writeFile(join(dir, 'v2'), 'a file where a folder should be')
  const store = await openFileStore(dir)
  await expect(store.put('v2/schemas/1.json', Buffer.from('{}'))).rejects.toMatchObject({
    code: 'HUB_ARCHIVE_WRITE',
    message: expect.stringContaining('Storing v2/schemas/1.json in'),
  })
})
