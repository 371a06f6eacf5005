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
export { prepareNode } from './node/prepare-node.ts'
export {
  CONTROL_TOPICS,
  NODE_TOPICS,
  nodeTopics,
  type AlertTopic,
  type NodeRetention,
  type NodeTopicsOptions,
} from './node/topics.ts'

// MirrorMaker
export { mirrorMakerCommand } from './mirror-maker/command.ts'
export { prepareMirrorMaker } from './mirror-maker/prepare.ts'
export { mirrorMakerRights, type MirrorMakerRights } from './mirror-maker/rights.ts'
export { mirrorMakerFiles, mirrorMakerUser, type MirrorMakerSettings } from './mirror-maker/settings.ts'
export { awaitMirrorMaker, startMirrorMaker, type MirrorMaker } from './mirror-maker/start.ts'
export { watchMirrorMaker, type MirrorMakerFault, type WatchOptions } from './mirror-maker/watch.ts'

export { type LostRange, openLossReader } from './mirror-maker/position-lost.ts'
export { eventsOf } from './mirror-maker/event-file.ts'

// Gaps
export { followMirrorGaps, type MirrorGapsOptions } from './gaps/follow.ts'
export { type MirrorGap } from './gaps/record.ts'
export { openGapRecorder, type GapRecorder } from './gaps/recorder.ts'

// Lag
export { openHubClock, type HubClock, type HubClockOptions } from './lag/hub-clock.ts'
export { openFeedLag, type FeedLag } from './lag/feed-lag.ts'
export { lagWatchRights, openLagWatch, type LagWatchOptions, type MirrorLag } from './lag/lag-watch.ts'
export { hubLateness, mirrorMetrics, type MirrorMetrics } from './metrics.ts'
