import { expect, test } from 'vitest'
import { openRuntimes } from './runtimes.ts'

const python = { version: '3.11', libraries: [{ name: 'numpy', version: '2.4.0' }], reach: async () => undefined }
const all = ['javascript', 'typescript', 'python'] as const

test('each language is listed with its libraries and limits, and whether it runs now', async () => {
  const list = await openRuntimes({ languages: [...all] }, python).list()
  expect(list.map(({ language, available }) => [language, available])).toEqual([
    ['javascript', true],
    ['typescript', true],
    ['python', true],
  ])
  expect(list[2]).toMatchObject({ runtime: 'container', engine: 'CPython 3.11', libraries: [{ name: 'numpy' }] })
})

test('where there is no engine, Python is refused with what the operator has to do', async () => {
  const why = 'no Docker engine answers at /var/run/docker.sock: sudo apt-get install docker.io'
  const runtimes = openRuntimes({ languages: ['javascript', 'typescript'], pythonMissing: why }, python)
  expect((await runtimes.list())[2]).toMatchObject({ available: false, reason: why })
  await expect(runtimes.require('python')).rejects.toMatchObject({
    code: 'API_RUNTIME_MISSING',
    message: expect.stringContaining(why),
  })
  await expect(runtimes.require('javascript')).resolves.toBeUndefined()
})

test('while the engine is away, Python is refused for now and everything else is not', async () => {
  const reach = () => Promise.reject(new Error('the engine does not answer'))
  const runtimes = openRuntimes({ languages: [...all] }, { ...python, reach })
  expect((await runtimes.list())[2]).toMatchObject({ available: false, reason: 'the engine does not answer' })
  await expect(runtimes.require('python')).rejects.toMatchObject({ code: 'API_ENGINE_AWAY' })
  await expect(runtimes.require('typescript')).resolves.toBeUndefined()
})
