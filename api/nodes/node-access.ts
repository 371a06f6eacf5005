// How the API reaches the brokers of nodes that have joined: from their records, with the password that only the platform's key opens.
import { Value } from 'typebox/value'
import { CELL_TIMEOUTS } from '#hub'
import { type SecretBox } from '../accounts/secret-box.ts'
import { type JoinedBrokers, type ServedBroker } from '../brokers/open-brokers.ts'
import { type ControlState } from '../control/control-state.ts'
import { nodeKey, type NodeRecord, NodeSecrets } from '../control/node-records.ts'

/** Seals what the platform knows of a node, for its name alone. */
export const sealSecrets = (box: SecretBox, name: string, secrets: NodeSecrets): string =>
  box.seal(nodeKey(name), Buffer.from(JSON.stringify(secrets)))

/** Throws where the record was sealed under another platform's key, or is of another node. */
export const unsealSecrets = (box: SecretBox, { name, sealed }: NodeRecord): NodeSecrets =>
  Value.Parse(NodeSecrets, JSON.parse(box.open(nodeKey(name), sealed).toString()))

/** How the API reaches a broker that others reach at the address of its record: on its own machine, say. */
export type NearBroker = Pick<ServedBroker, 'bootstrap' | 'ca'>

/**
 * The brokers of the nodes that have joined, as the API's user `user` reaches them. One whose secrets do not open is none: they were sealed under
 * another platform's key.
 */
export function openNodeBrokers(
  box: SecretBox,
  user: string,
  nodes: Pick<ControlState, 'node' | 'nodes'>,
  near: Readonly<Record<string, NearBroker>> = {},
): JoinedBrokers {
  // Every list of topics asks for every node's address.
  const opened = new WeakMap<NodeRecord, ServedBroker | 'sealed'>()
  const open = (record: NodeRecord): ServedBroker | 'sealed' => {
    const { name, bootstrap, ca, cell, usersAreGiven = false } = record
    try {
      const { api: password, apiUser = user } = unsealSecrets(box, record)
      const given = usersAreGiven ? { usersAreGiven } : {}
      const broker = {
        name,
        bootstrap,
        user: apiUser,
        password,
        ...given,
        ...(ca === undefined ? {} : { ca }),
        ...(cell === undefined ? {} : { timeouts: CELL_TIMEOUTS }),
      }
      const here = near[name]
      if (here === undefined) return broker
      return { name, user: apiUser, password, ...given, ...here, advertised: bootstrap, advertisedCa: ca }
    } catch {
      return 'sealed'
    }
  }
  return {
    names: () => nodes.nodes().flatMap(({ name, bootstrap }) => (bootstrap === '' ? [] : name)),
    find(name) {
      const record = nodes.node(name)
      if (record === undefined || record.bootstrap === '') return undefined
      const broker = opened.get(record) ?? open(record)
      opened.set(record, broker)
      return broker === 'sealed' ? undefined : broker
    },
  }
}
