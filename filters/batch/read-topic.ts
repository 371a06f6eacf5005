// A lane that reads a topic for itself opens a feed here at its position, and an assembler that makes batches of it.
import { type AvroSchema, type BrokerAccess, type Stream } from '#hub'
import { type Feed, type FeedGap, openFeed, type StartPosition } from '#mirrors'
import { type ColumnSet } from '#sandbox'
import { type Positions } from '../progress/positions.ts'
import { Assembler } from './assembler.ts'
import { type AwaitedSchemas } from './awaited-schemas.ts'

export interface ReadingOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly awaitedSchemas: AwaitedSchemas
  readonly lingerMs?: number
  readonly onSchema: (stream: Stream, id: number, schema: AvroSchema) => Promise<void>
  readonly onGap: (lane: string, topic: string, gap: FeedGap) => void
}

export interface ReadingRequest {
  readonly lane: string
  readonly stream: Stream
  readonly from: Positions | StartPosition
  /** Bytes of packets held at most. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Gets ready to read; nothing is read before it is assembled. Ends with the signal. Rejects with the signal's reason or a MirrorError. */
export const openReading = (
  { access, clientId }: ReadingOptions,
  { lane, stream, ...request }: ReadingRequest,
): Promise<Feed> => openFeed({ access, clientId: `${clientId}.${lane}`, topic: stream.topic, ...request })

/**
 * Begins to read, with the columns of `set`. They have to be those of the lane's filters at this very moment: a filter that gets other columns for a new
 * schema asks for them before the first packet of that schema is added.
 */
export function assemble(
  { awaitedSchemas, lingerMs, onSchema, onGap }: ReadingOptions,
  { lane, stream }: Pick<ReadingRequest, 'lane' | 'stream'>,
  feed: Feed,
  set: ColumnSet,
): Assembler {
  return new Assembler(
    {
      stream,
      feed,
      schemaOf: awaitedSchemas.of(stream.name),
      onSchema: (id, schema) => onSchema(stream, id, schema),
      onGap: gap => onGap(lane, stream.topic, gap),
      ...(lingerMs === undefined ? {} : { lingerMs }),
    },
    set,
  )
}
