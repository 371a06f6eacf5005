import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { internalPort, releaseOldPorts } from './internal-port.ts'

test('each start has another port, and the old ones accept in silence until the broker serves', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'skysieve-port-')), 'internal-port')
  const first = await internalPort(file)
  const second = await internalPort(file)
  expect(second).not.toBe(first)
  const waiting = connect(first, '127.0.0.1')
  waiting.on('error', () => undefined)
  await once(waiting, 'connect')
  const closed = once(waiting, 'close')
  await releaseOldPorts(file)
  await closed
  const refused = connect(first, '127.0.0.1')
  await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
