// A running broker takes the certificate that its keystore has now, without a restart.
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import {
  adminAccess,
  brokerIdOf,
  type BrokerSettings,
  listenAddressOf,
  LOOPBACK,
  type Tls,
} from '../broker/settings.ts'
import { HubError } from '../errors.ts'
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { certificateIn } from './certificate-life.ts'

/** It reads the file some milliseconds after it was told to. */
const LIMIT_MS = 30_000
const POLL_MS = 100
const ANSWER_LIMIT_MS = 10_000

/** Resolves when every listener serves it. Throws HubError HUB_CERTIFICATE_NOT_SERVED where one does not: it does from the broker's next start on. */
export const rereadCertificates = async (settings: BrokerSettings, limitMs = LIMIT_MS): Promise<void> => {
  const admin = openAdmin(adminAccess(settings), 'skysieve-certificates')
  try {
    await admin.rereadKeystores(brokerIdOf(settings))
  } finally {
    await admin.close().catch(() => undefined)
  }
  const deadline = performance.now() + limitMs
  for (const listener of listenersOf(settings)) await untilServed(settings.name, listener, deadline)
}

interface Listener {
  readonly host: string
  readonly port: number
  readonly tls: Tls
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Those that speak TLS to clients, at an address by which this machine reaches them. */
const listenersOf = (settings: BrokerSettings): readonly Listener[] => {
  const { ports, tls, outside = [] } = settings
  const own = listenAddressOf(settings)
  const near = (host: string): string => (!EVERYWHERE.has(host) ? host : isIPv6(host) ? '::1' : LOOPBACK)
  return [
    { host: near(own), port: ports.client, tls },
    ...outside.map(one => ({ host: near(one.host ?? own), port: one.port, tls: one.tls ?? tls })),
  ].flatMap(({ tls, ...place }) => (tls === undefined ? [] : { ...place, tls }))
}

const untilServed = async (name: string, listener: Listener, deadline: number): Promise<void> => {
  const wanted = certificateIn(await readFile(listener.tls.keystore, 'utf8'))?.serialNumber
  for (;;) {
    if ((await serialAt(listener)) === wanted) return
    if (performance.now() > deadline)
      throw new HubError(
        'HUB_CERTIFICATE_NOT_SERVED',
        `Broker ${name} does not take the new certificate of ${listener.tls.keystore} while it runs; its log says why. It is for other names than before, perhaps: then a restart takes it`,
      )
    await sleep(POLL_MS)
  }
}

/** The number of the certificate that is shown there, whoever it is of; undefined where there is no answer. */
const serialAt = ({ host, port }: Listener): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({ host, port, rejectUnauthorized: false, timeout: ANSWER_LIMIT_MS }, () => {
    resolve(socket.getPeerCertificate().serialNumber)
    socket.destroy()
  })
  socket.once('error', () => resolve(undefined))
  socket.once('timeout', () => {
    resolve(undefined)
    socket.destroy()
  })
  return promise
}
