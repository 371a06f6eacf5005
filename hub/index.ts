// The public surface of the hub. One section per part; each part keeps its own lines.

// Packets, streams, errors
export { HUB_ERRORS, HubError, type HubErrorCode } from './errors.ts'
export { FRAME_BYTES, framePacket, readFrame, type Frame } from './packet.ts'
export { parseStream, STREAMS, StreamSchema, TIME_SCALES, type Stream, type TimeScale } from './streams.ts'

// Avro

// Kafka

// Broker

// Control topics

// Registry

// Simulator
