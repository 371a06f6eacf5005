import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startS3Server } from './s3-server.fixture.ts'
import { openS3Store } from './s3-store.ts'
import { describeStore } from './store-conformance.fixture.ts'

let server: Awaited<ReturnType<typeof startS3Server>>
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server?.close())

describe('S3', () => {
  describeStore('S3', async () => {
    const settings = server.settings(`test-${randomBytes(4).toString('hex')}`)
    return { open: async () => openS3Store(settings) }
  })

  test('a server that answers 500 is told with what was attempted, and the same call succeeds later', async () => {
    const store = openS3Store(server.relayed('failing'))
    server.fail(500)
    await expect(store.put('v2/schemas/1.json', Buffer.from('{}'))).rejects.toMatchObject({
      code: 'HUB_ARCHIVE_WRITE',
      message: expect.stringContaining('Storing v2/schemas/1.json in the bucket alerts failed'),
    })
    await expect(store.get('v2/schemas/1.json')).rejects.toMatchObject({ code: 'HUB_ARCHIVE_READ' })
    server.fail('none')
    expect(await store.put('v2/schemas/1.json', Buffer.from('{}'))).toBe('stored')
    expect(String(await store.get('v2/schemas/1.json'))).toBe('{}')
    await store.close()
  })

  test('one that fails for a moment is asked again, and nobody notices', async () => {
    const store = openS3Store(server.relayed('moment'))
    server.fail(503)
    setTimeout(() => server.fail('none'), 50)
    expect(await store.put('v2/schemas/1.json', Buffer.from('{}'))).toBe('stored')
    await store.close()
  })

  test('a bucket that is not there is an error, not an empty archive', async () => {
    const store = openS3Store({ ...server.settings('x'), bucket: 'no-such-bucket' })
    await expect(store.get('v2/schemas/1.json')).rejects.toMatchObject({ code: 'HUB_ARCHIVE_READ' })
    await store.close()
  })

  test('a server that is not there is told', async () => {
    const store = openS3Store({ ...server.settings('x'), endpoint: 'http://127.0.0.1:9' })
    await expect(store.put('v2/schemas/1.json', Buffer.from('{}'))).rejects.toMatchObject({ code: 'HUB_ARCHIVE_WRITE' })
    await store.close()
  })
})
