// MirrorMaker of a node as a supervised process, with the watch over its lag and its faults: each as the user whose work it is.
import { join } from 'node:path'
import { STREAMS, watchDeadMembers } from '#hub'
import {
  awaitMirrorMaker,
  CONNECT_GROUP,
  eventsOf,
  openGapRecorder,
  openLagWatch,
  openLostRangeReader,
  watchMirrorMaker,
  mirrorMakerCommand,
  mirrorMakerFiles,
  prepareMirrorMaker,
  type MirrorLag,
  type MirrorMakerSettings,
} from '#mirrors'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { accessOf, type Joined, type NodeLayout } from '../layout/node-layout.ts'
import { MIRRORED_TOPICS } from '../access/broker-acls.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

/** As many replicas as the brokers make by default. */
const AS_BROKERS_DO = -1

const peerOf = ({ broker: { cell, host } }: NodeLayout): Pick<MirrorMakerSettings, 'peers'> => {
  const rank = cell?.voters.findIndex(({ id }) => id === cell.id) ?? -1
  const address = cell?.voters[rank]?.address
  return cell === undefined || address === undefined
    ? {}
    : { peers: { address, listen: host ?? address, tls: cell.tls, rank } }
}

const settingsOf = (node: NodeLayout, joined: Joined): MirrorMakerSettings => ({
  name: node.name,
  dir: join(node.dir, 'mirror-maker'),
  libs: node.broker.libs,
  ...accessOf(node, joined, 'mirrorMaker'),
  restPort: node.ports.mirrorMaker,
  ...(node.kafka === undefined ? {} : { replicas: node.kafka.replicationFactor ?? AS_BROKERS_DO }),
  topics: MIRRORED_TOPICS,
  ...peerOf(node),
})

/** `onLag` is told every few seconds how far the node is behind, while hub and node can be asked. */
export const mirrorProcess = (
  { archives }: MachineLayout,
  node: NodeLayout,
  joined: Joined,
  onLag?: (lag: MirrorLag) => void,
): ProcessSpec => {
  const settings = settingsOf(node, joined)
  const topics = Object.values(STREAMS).map(({ topic }) => topic)
  const gaps = openGapRecorder({
    ...accessOf(node, joined, 'mirrorMaker'),
    clientId: `skysieve-gaps-${node.name}`,
    signal: new AbortController().signal,
  })
  return {
    name: `${node.name}-mirror`,
    command: async () => {
      // What the last start noticed may not have been written when this process was killed.
      const lostBy = openLostRangeReader(topics)
      for (const event of await eventsOf(mirrorMakerFiles(settings.dir).events)) {
        const lost = lostBy(event)
        if (lost !== undefined) gaps.note(lost)
      }
      await prepareMirrorMaker(settings)
      return archives.speedUp('mirror-maker', mirrorMakerCommand(settings), node.lists.includes('mirror-maker'))
    },
    ready: signal => awaitMirrorMaker(settings, signal),
    // A hub that is away is no reason for a node not to start.
    isPatient: node.near === undefined,
    watch: ({ signal, restart }) => {
      void watchDeadMembers({
        access: settings.node,
        clientId: `skysieve-members-${node.name}`,
        group: CONNECT_GROUP,
        signal,
      })
      const lag = openLagWatch({
        ...accessOf(node, joined, 'worker'),
        topics,
        clientId: `skysieve-watch-${node.name}`,
        signal,
        ...(onLag === undefined ? {} : { onLag }),
      })
      const onFault = ({ message }: { message: string }): void => restart(message)
      // An unknown lag is not held against MirrorMaker; its events are watched without it.
      lag.ended.catch(() => undefined)
      watchMirrorMaker({
        settings: { ...settings, topics },
        lag: lag.latest,
        onFault,
        onLost: lost => gaps.note(lost),
        signal,
      }).catch((error: unknown) => restart(error instanceof Error ? error.message : String(error)))
    },
  }
}
