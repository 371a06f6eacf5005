// The three brokers of a cell as children of this process, each on an address of its own: for tests and benches.
import { clusterId } from './format-storage.ts'
import { type BrokerSettings, type Tls } from './settings.ts'
import { type Broker, startBroker } from './start-broker.ts'

export interface CellMember {
  readonly settings: BrokerSettings
  readonly broker: Broker
}

export interface CellOptions extends Omit<BrokerSettings, 'cell' | 'host' | 'ports'> {
  readonly ports: BrokerSettings['ports'] & { readonly broker: number }
  /** Of the three machines. */
  readonly addresses: readonly string[]
  /** Makes a peer's certificate. */
  readonly certify: (name: string, address: string) => Promise<Tls>
}

/** Each has a folder of its own in `dir`. Throws HubError HUB_BROKER_*; then nothing is left running. One that has ended is started again by `startBroker`. */
export const startCell = async (options: CellOptions): Promise<readonly CellMember[]> => {
  const { addresses, certify, ports, ...common } = options
  const voters = addresses.map((address, at) => ({ id: at + 1, name: `${common.name}-${at + 1}`, address }))
  const id = clusterId()
  const all: BrokerSettings[] = []
  for (const voter of voters)
    all.push({
      ...common,
      name: voter.name,
      dir: `${common.dir}/${voter.name}`,
      ports,
      cell: { id: voter.id, voters, clusterId: id, port: ports.broker, tls: await certify(voter.name, voter.address) },
    })
  // None serves before a second one is there.
  const started = await Promise.allSettled(
    all.map(async settings => ({ settings, broker: await startBroker(settings) })),
  )
  const members = started.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
  const failed = started.find(one => one.status === 'rejected')
  if (failed === undefined) return members
  await Promise.all(members.map(({ broker }) => broker.kill()))
  throw failed.reason
}
