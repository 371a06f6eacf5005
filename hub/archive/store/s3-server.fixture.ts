// For tests: an S3 server of its own, on a free port, with one bucket; and a relay in front of it that fails when it is told to.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { type S3Settings } from './s3-settings.ts'

/** Fetched by `skysieve test`. */
const JAR = join(import.meta.dirname, '../../../.cache/s3-server/s3mock-4.12.4-exec.jar')
const BUCKET = 'alerts'
const LOOPBACK = '127.0.0.1'

const listen = (server: Server): Promise<number> =>
  new Promise(resolve => {
    server.listen(0, LOOPBACK, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
const close = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
/** What the relay does with a request: pass it on, answer it with this status, or keep it without an answer. */
export type Fault = 'none' | number | 'silence'

/** Starts the server. Ends by `close`, or with this process. */
export const startS3Server = async () => {
  if (!existsSync(JAR)) throw new Error(`${JAR} is missing; \`npm test\` fetches it`)
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-s3-'))
  const [http, https] = [await getPort(), await getPort()]
  const property = (name: string, value: string): string => `--com.adobe.testing.s3mock.${name}=${value}`
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'java',
      '-Xmx256m',
      '-XX:TieredStopAtLevel=1',
      '-jar',
      JAR,
      `--server.port=${https}`,
      property('httpPort', String(http)),
      property('store.initialBuckets', BUCKET),
      property('store.root', join(dir, 'root')),
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const state = { hasEnded: false, fault: 'none' as Fault }
  void ended.then(() => (state.hasEnded = true))

  const pass = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const { fault } = state
    if (fault === 'silence') return
    if (typeof fault === 'number') {
      incoming.resume()
      incoming.on('end', () => answer.writeHead(fault).end())
      return
    }
    const { method, url, headers } = incoming
    const onward = request({ host: LOOPBACK, port: http, method, path: url, headers }, found => {
      answer.writeHead(found.statusCode ?? 500, found.headers)
      found.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  }
  const relay = createServer(pass)
  const relayPort = await listen(relay)
  const settings = (port: number, prefix: string): S3Settings => ({
    kind: 's3',
    endpoint: `http://${LOOPBACK}:${port}`,
    region: 'us-east-1',
    bucket: BUCKET,
    prefix,
    accessKeyId: 'test',
    secretAccessKey: 'test',
    pathStyle: true,
  })
  while ((await fetch(`http://${LOOPBACK}:${http}/${BUCKET}`).catch(() => undefined))?.status !== 200) {
    if (state.hasEnded) throw new Error(`The S3 server ended; try java -jar ${JAR}`)
    await sleep(100)
  }
  return {
    /** Of the server itself, everything under a prefix. */
    settings: (prefix: string): S3Settings => settings(http, prefix),
    /** Through the relay. */
    relayed: (prefix: string): S3Settings => settings(relayPort, prefix),
    fail: (fault: Fault): void => {
      state.fault = fault
      if (fault === 'none') relay.closeAllConnections()
    },
    close: async (): Promise<void> => {
      child.kill('SIGKILL')
      await ended
      await close(relay)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
