import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serverTls } from '#hub'
import { keepCertificate, type KeptCertificate } from './keep-certificate.ts'

const DAY_MS = 86_400_000
const HOSTS = ['127.0.0.1']

let dir: string
let file: string
let days: number
let notes: string[]
let ending: AbortController
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skysieve-kept-'))
  file = (await serverTls(dir, 'node3', HOSTS)).keystore
  days = 0
  notes = []
  ending = new AbortController()
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const nowMs = (): number => Date.now() + days * DAY_MS

/** Looks until it has looked so often; `renewed` and `taken` count. */
const keep = async (over: Partial<KeptCertificate> = {}) => {
  const done = { renewed: 0, taken: 0 }
  await keepCertificate({
    name: 'node3',
    file,
    renew: async () => {
      done.renewed += 1
      // Of a year from the true now on, so due again to a clock that is ahead.
      await serverTls(dir, 'node3', HOSTS, 'server', nowMs())
    },
    take: async () => {
      done.taken += 1
      if (done.taken === 2) ending.abort()
    },
    note: text => void notes.push(text),
    signal: ending.signal,
    nowMs,
    lookMs: 1,
    ...over,
  })
  return done
}

test('a certificate with more than a third of its life left is let be', async () => {
  days = 200
  let looks = 0
  const counting = (): number => {
    looks += 1
    if (looks === 10) ending.abort()
    return nowMs()
  }
  expect(await keep({ nowMs: counting })).toEqual({ renewed: 0, taken: 1 })
  expect(notes).toEqual([])
})

test('one with less is made anew, and the server takes it', async () => {
  days = 260
  expect(await keep()).toEqual({ renewed: 2, taken: 2 })
  expect(notes).toEqual([expect.stringMatching(/node3, good until \d{4}-\d\d-\d\d, is served from now on/)])
})

test('a server that does not take it has it from its next start on, which is told', async () => {
  days = 260
  const take = async (): Promise<void> => {
    ending.abort()
    throw new Error('other names')
  }
  await keep({ take })
  expect(notes).toEqual([expect.stringMatching(/from the next start on: other names/)])
})

test('what could not be renewed is tried again with every look, and told once', async () => {
  days = 300
  let tries = 0
  const renew = async (): Promise<void> => {
    tries += 1
    if (tries === 3) ending.abort()
    throw new Error('the hub says no')
  }
  expect(await keep({ renew })).toEqual({ renewed: 0, taken: 1 })
  expect(tries).toBe(3)
  expect(notes).toEqual([expect.stringMatching(/good until .* was not renewed: the hub says no/)])
})

test('one that is over is told with what to do, before anybody is waited for', async () => {
  days = 400
  const renew = async (): Promise<void> => {
    expect(notes).toEqual([expect.stringMatching(/node3 ended on .*as soon as the hub answers/)])
    ending.abort()
  }
  await keep({ renew })
})

test('where there is no certificate, nothing is done', async () => {
  const keeping = keep({ file: join(dir, 'none.pem') })
  setTimeout(() => ending.abort(), 50)
  expect(await keeping).toEqual({ renewed: 0, taken: 0 })
})
