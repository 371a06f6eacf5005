// The certificates that a start keeps good: of a hub, which its launcher makes anew, and of a node, which asks its hub by joining once more with its own key.
import { rereadCertificates, serverTls } from '#hub'
import { type Identity, readIdentity } from '../join/identity.ts'
import { type JoinContext, joinWith } from '../join/join-node.ts'
import { writeKeystore } from '../join/keystore.ts'
import { type HubLayout, tlsDir } from '../layout/hub-layout.ts'
import { keystoreFile, type NodeLayout } from '../layout/node-layout.ts'
import { namesOf, reachOf } from '../layout/reach.ts'
import { keepCertificate } from './keep-certificate.ts'

interface Keeping {
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** Registry and API look at the file themselves; the broker is told. Until the signal; at once where the hub speaks plain text. */
export const keepHubCertificate = async (
  { options, broker, kafka, outside }: HubLayout,
  keeping: Keeping,
): Promise<void> => {
  const tls = outside?.tls ?? broker.tls
  if (tls === undefined) return
  await keepCertificate({
    ...keeping,
    name: 'the hub',
    file: tls.keystore,
    renew: async () => void (await serverTls(tlsDir(options.dataDir), 'hub', namesOf(reachOf(options)))),
    // A Kafka of somebody else's has a certificate of somebody else's.
    take: async () => (kafka === undefined ? rereadCertificates(broker) : undefined),
  })
}

/** Until the signal; at once for a node whose broker speaks plain text, or is somebody else's. */
export const keepNodeCertificate = async (
  { name, dir, broker, kafka }: NodeLayout,
  joining: JoinContext,
  keeping: Keeping,
): Promise<void> => {
  const listeners = [broker.tls, ...(broker.outside ?? []).map(({ tls }) => tls)]
  if (kafka !== undefined || listeners.every(tls => tls === undefined)) return
  await keepCertificate({
    ...keeping,
    name: `${name}’s broker`,
    file: keystoreFile(dir),
    renew: async signal => writeKeystore(dir, (await joinAnew(dir, { ...joining, signal })).answer),
    take: () => rereadCertificates(broker),
  })
}

const joinAnew = async (dir: string, joining: JoinContext): Promise<Identity> => {
  const known = readIdentity(dir)
  if (known === undefined) throw new RangeError(`there is no identity in ${dir}`)
  return joinWith(known.token, joining)
}
