// Packets of notices into a folder, one file an alert. A file appears whole or not at all and is never written again, so that a run that was killed is
// gone on with: what is there is not fetched twice.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Notice } from '#hub'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import { nextOf } from './fetch-again.ts'

export interface PacketFolderOptions {
  readonly directory: string
  /** The bytes at a path of the API. Throws CliError. */
  readonly download: (path: string) => Promise<Buffer>
  readonly tell: (text: string) => void
  readonly signal: AbortSignal
}

export interface PacketFolder {
  /** Fetches what is missing, a few at a time; notices in their order, each with its file. Those whose packet is gone from the archive are left out. */
  fetch: (notices: readonly Notice[]) => AsyncGenerator<readonly [Notice, string]>
  counts: () => { readonly fetched: number; readonly present: number; readonly gone: number }
}

/** Asked for at a time: the rate is the account's, and others use it too. */
const CONCURRENCY = 4
/** Of this API: a path that could lead to another server, with the token, is none. */
const PATH = /^\/v1(\/[\w-]+)+$/

const decompress = promisify(gunzip)

export const openPacketFolder = (options: PacketFolderOptions): PacketFolder => {
  const { directory, download, tell } = options
  mkdirSync(directory, { recursive: true })
  /** One packet that cannot be had ends the others' waiting. */
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const counts = { fetched: 0, present: 0, gone: 0 }
  /** Nobody asks before this: one answer that the rate is used up holds for all. */
  let notBeforeMs = 0

  const pause = async (waitMs: number, isRate: boolean): Promise<void> => {
    const untilMs = performance.now() + waitMs
    if (isRate && untilMs > notBeforeMs) {
      if (performance.now() > notBeforeMs)
        tell(`the account’s rate is used up: going on in ${Math.ceil(waitMs / 1000)} s`)
      notBeforeMs = untilMs
    }
    await sleep(waitMs, undefined, { signal })
  }

  const packetOf = async ({ uri, packetBytes, alertId }: Notice): Promise<Buffer | undefined> => {
    if (!PATH.test(uri)) throw unfit(alertId, `names no packet of this API: ${uri.slice(0, 100)}`)
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted()
      const waitMs = notBeforeMs - performance.now()
      if (waitMs > 0) await sleep(waitMs, undefined, { signal })
      try {
        const zipped = await download(uri)
        const { length } = await decompress(zipped, { maxOutputLength: packetBytes + 1 })
        if (length !== packetBytes) throw unfit(alertId, `says ${packetBytes} bytes, and its packet has ${length}`)
        return zipped
      } catch (error) {
        const next = nextOf(error, attempt, Math.random())
        if (next === 'gone') return undefined
        if (next === 'failed') throw error
        await pause(next.waitMs, next.isRate)
        if (next.isRate) attempt--
      }
    }
  }

  const keep = async (notice: Notice): Promise<string | undefined> => {
    const file = join(directory, `${notice.alertId}.avro.gz`)
    if (existsSync(file)) {
      counts.present++
      return file
    }
    const packet = await packetOf(notice)
    if (packet === undefined) {
      counts.gone++
      tell(`the archive no longer has the packet of ${notice.alertId}`)
      return undefined
    }
    writeFileSync(`${file}.part`, packet, { flush: true })
    renameSync(`${file}.part`, file)
    counts.fetched++
    return file
  }

  return {
    counts: () => ({ ...counts }),
    async *fetch(notices) {
      const running: (readonly [Notice, Promise<string | undefined>])[] = []
      for (let next = 0; next < notices.length || running.length > 0;) {
        while (running.length < CONCURRENCY && next < notices.length) {
          const notice = notices[next++]!
          // An alert may be announced twice.
          const file = running.find(([{ alertId }]) => alertId === notice.alertId)?.[1] ?? keep(notice)
          // Told when its turn comes; until then it is nobody's rejection.
          file.catch(() => undefined)
          running.push([notice, file])
        }
        const [notice, file] = running.shift()!
        const path = await file.catch((error: unknown) => {
          failed.abort()
          throw error
        })
        if (path !== undefined) yield [notice, path]
      }
    },
  }
}

const unfit = (alertId: bigint, what: string): CliError =>
  new CliError('CLI_NOTICE', EXIT.usage, `The notice of ${alertId} ${what}.`)
