// The number of the next synthetic visit: it only grows, and a file that says nothing is not guessed at.
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openVisitNumbers } from './visit-numbers.ts'

const newPath = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'skysieve-visits-')), 'visits.json')

test('nothing played begins at 0; what was taken is never next again', async () => {
  const path = await newPath()
  const numbers = await openVisitNumbers(path)
  expect(numbers.next).toBe(0)
  await numbers.take(0)
  await numbers.take(1)
  expect((await openVisitNumbers(path)).next).toBe(2)
})

test('a file that holds no number is refused by name', async () => {
  for (const content of ['', '{', '{"nextVisit":-1}', '{"nextVisit":"many"}']) {
    const path = await newPath()
    await writeFile(path, content)
    await expect(openVisitNumbers(path)).rejects.toMatchObject({
      code: 'HUB_PLAY_STATE_INVALID',
      message: expect.stringContaining(path) as string,
    })
  }
})
