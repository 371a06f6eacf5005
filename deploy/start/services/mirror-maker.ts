// MirrorMaker of a node as a supervised process, with the watch over its lag and its faults.
import { join } from 'node:path'
import { adminAccess, STREAMS } from '#hub'
import {
  awaitMirrorMaker,
  eventsOf,
  openGapRecorder,
  openLagWatch,
  openLostRangeReader,
  watchMirrorMaker,
  mirrorMakerCommand,
  mirrorMakerFiles,
  mirrorMakerUser,
  prepareMirrorMaker,
  type MirrorMakerSettings,
} from '#mirrors'
import { accessOf } from '../layout/broker-access.ts'
import { type Layout, type NodeLayout } from '../layout/layout.ts'
import { MIRRORED_TOPICS } from '../access/broker-acls.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

const settingsOf = ({ secrets }: Layout, { name, broker, hub, ports }: NodeLayout): MirrorMakerSettings => ({
  name,
  dir: join(broker.dir, 'mirror-maker'),
  libs: broker.libs,
  hub: accessOf(hub, secrets, mirrorMakerUser(name)),
  node: accessOf(broker, secrets, mirrorMakerUser(name)),
  restPort: ports.mirrorMaker,
  topics: MIRRORED_TOPICS,
})

export const mirrorProcess = (layout: Layout, node: NodeLayout): ProcessSpec => {
  const settings = settingsOf(layout, node)
  const topics = Object.values(STREAMS).map(({ topic }) => topic)
  const access = { hub: adminAccess(layout.hub), node: adminAccess(node.broker) }
  const gaps = openGapRecorder({
    ...access,
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
      return layout.archives.speedUp('mirror-maker', mirrorMakerCommand(settings), node === layout.nodes[0])
    },
    ready: signal => awaitMirrorMaker(settings, signal),
    watch: ({ signal, restart }) => {
      const lag = openLagWatch({ ...access, topics, clientId: `skysieve-watch-${node.name}`, signal })
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
