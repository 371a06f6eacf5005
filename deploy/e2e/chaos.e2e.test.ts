// A short chaos run: a few visits on a started system while its processes are killed one after another, audited packet by packet.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runChaos } from '../chaos/run.ts'
import { ENVIRONMENT } from './config.ts'
import { freePortBase } from './running-system.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'skysieve-e2e-chaos-'))
const lines: string[] = []

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

test('killed and cut off while visits play, a system loses nothing, doubles nothing, keeps its caps and counts truly', async () => {
  const result = await runChaos(
    {
      visits: 3,
      alerts: 150,
      intervalSeconds: 4,
      seed: 4,
      only: /^(kill node1-(worker|host|mirror)|kill node2-(broker|worker)|cut node2-link|kill (redis|archiver))$/,
      gapSeconds: [1.5, 3],
      restSeconds: 2,
      shards: 1,
      python: false,
      dataDir,
      portBase: await freePortBase(2),
      env: ENVIRONMENT,
      print: line => lines.push(line),
    },
    new AbortController().signal,
  )
  // How long it took is the machine's affair while other tests run; npm run chaos judges it.
  const { lost, duplicated, overCap, wrongCounters, wrongDeliveries, notArchived, wrongNotices, faults } = result
  const wrong = { lost, duplicated, overCap, wrongCounters, wrongDeliveries, notArchived, wrongNotices }
  expect(wrong, lines.join('\n')).toEqual({
    lost: 0,
    duplicated: 0,
    overCap: 0,
    wrongCounters: 0,
    wrongDeliveries: 0,
    notArchived: 0,
    wrongNotices: 0,
  })
  expect(faults.length).toBeGreaterThanOrEqual(4)
})
