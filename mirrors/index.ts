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
