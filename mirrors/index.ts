// The public surface of a mirror node. One section per part.

// Errors
export { MIRROR_ERRORS, MirrorError, type MirrorErrorCode } from './errors.ts'

// Feed
export {
  type Feed,
  type FeedBatch,
  type FeedGap,
  type FeedItem,
  type FeedOptions,
  type FeedPacket,
  type StartPosition,
} from './feed/feed.ts'
export { openFeed } from './feed/open-feed.ts'
export {
  openPacketReader,
  readPackets,
  type PacketPlace,
  type PacketReader,
  type PacketsRead,
} from './feed/read-packets.ts'

// Node
export { openMachine, type MachineLook } from './node/machine.ts'
export { prepareNode } from './node/prepare-node.ts'
export {
  CONTROL_TOPICS,
  NODE_TOPICS,
  nodeTopics,
  type AlertTopic,
  type NodeRetention,
  type NodeTopicsOptions,
} from './node/node-topics.ts'

// MirrorMaker
export { mirrorMakerCommand } from './mirror-maker/command.ts'
export { prepareMirrorMaker } from './mirror-maker/write-files.ts'
export { mirrorMakerAcls, type MirrorMakerAcls } from './mirror-maker/mirror-maker-acls.ts'
export { CONNECT_GROUP, mirrorMakerFiles, mirrorMakerUser, type MirrorMakerSettings } from './mirror-maker/settings.ts'
export { awaitMirrorMaker, startMirrorMaker, type MirrorMaker } from './mirror-maker/start.ts'
export { watchMirrorMaker, type MirrorMakerFault, type WatchOptions } from './mirror-maker/watch.ts'

export { type LostRange, openLostRangeReader } from './mirror-maker/lost-range.ts'
export { eventsOf } from './mirror-maker/events-file.ts'

// Gaps
export { followMirrorGaps, type MirrorGapsOptions } from './gaps/follow-gaps.ts'
export { type MirrorGap } from './gaps/gap-record.ts'
export { gapRecorderAcls, openGapRecorder, type GapRecorder } from './gaps/record-gaps.ts'

// Lag
export { openHubClock, type HubClock, type HubClockOptions } from './lag/hub-clock.ts'
export { type LagClock, openLagClock } from './lag/lag-clock.ts'
export { lagWatchAcls, openLagWatch, type LagWatchOptions, type MirrorLag } from './lag/lag-watch.ts'
export { hubLateness, mirrorLag } from './metrics.ts'
