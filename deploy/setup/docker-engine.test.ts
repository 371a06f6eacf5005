import { createServer } from 'node:http'
import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chooseEngine } from './docker-engine.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'skysieve-docker-'))
/** No engine answers there. */
const silent = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }

test('an engine that answers where Docker’s own command line would look is used', async () => {
  const socket = join(folder(), 'docker.sock')
  const server = createServer((_, response) => response.end('OK'))
  await new Promise<void>(resolve => server.listen(socket, resolve))
  const env = { DOCKER_HOST: `unix://${socket}` }
  expect(await chooseEngine({ folders: [], env })).toEqual({ kind: 'machine', socket })
  server.close()
})

test('where none answers and none is installed, what to do is said', async () => {
  const choice = await chooseEngine({ folders: [folder()], env: silent })
  expect(choice).toMatchObject({ kind: 'none', why: expect.stringMatching(/nowhere.*apt-get install docker\.io/) })
})

test('a dockerd that is installed is started by root, and others are told how to get at one', async () => {
  const dir = folder()
  copyFileSync('/bin/true', join(dir, 'dockerd'))
  const choice = await chooseEngine({ folders: [dir], env: silent })
  if (process.getuid?.() === 0) expect(choice).toEqual({ kind: 'own', program: join(dir, 'dockerd') })
  else expect(choice).toMatchObject({ kind: 'none', why: expect.stringContaining('systemctl start docker') })
})

test('for an engine that the operator named no other is taken', async () => {
  const choice = await chooseEngine({ folders: ['/usr/sbin'], env: {}, configured: '/nowhere/own.sock' })
  expect(choice).toMatchObject({ kind: 'none', why: expect.stringMatching(/own\.sock.*--engine/) })
})
