import { cpSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kafkaJarsIn, verifyJars } from './kafka-jars.ts'
import { searchPath } from './programs.ts'
import { requirements } from './requirements.ts'
import { runCommand } from './run-command.ts'
import { listOf } from './set-up.ts'

const cacheDir = join(import.meta.dirname, '../../.cache')

test('what is missing is listed at once, each with its command and what works without it', () => {
  const text = listOf(requirements([]).filter(({ name }) => ['Redis', 'Docker engine'].includes(name)))
  expect(text).toContain('Redis: nothing starts without it')
  expect(text).toContain('Python filters need it')
  expect(text).toContain('All at once: sudo apt-get install redis-server docker.io')
})

test('a program outside every folder of the search path is not found', async () => {
  const redis = requirements(['/nowhere']).find(({ name }) => name === 'Redis')
  expect(await redis?.find()).toBeUndefined()
  expect(searchPath('/a:/b')).toContain('/usr/sbin')
})

test('a jar that differs from the committed list is refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skysieve-jars-'))
  const [first = ''] = readdirSync(kafkaJarsIn(cacheDir))
  cpSync(join(kafkaJarsIn(cacheDir), first), join(folder, first))
  writeFileSync(join(folder, 'stranger.jar'), 'x')
  await expect(verifyJars(folder)).rejects.toThrow(/kafka-clients-4\.3\.1\.jar is missing/)
  await expect(verifyJars(folder)).rejects.toThrow(/stranger\.jar is not in the list/)
  await expect(verifyJars(folder)).rejects.not.toThrow(`${first} has the SHA-256`)
})

test('a program of set-up that fails shows the end of its output', async () => {
  await expect(runCommand('sh', ['-c', 'echo no space left >&2; exit 3'])).rejects.toThrow(
    /ended with 3[^]*no space left/,
  )
  await expect(runCommand('no-such-program-here', [])).rejects.toThrow(/ended with 127/)
})
