// One survey's Kafka that this hub takes a stream from: what an operator says of it, kept in <data dir>/upstreams/<name>.json with mode 0600.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { HubError } from '../errors.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { STREAMS, type Stream } from '../streams.ts'

/** Of an upstream; it is part of file names, record keys and a transactional id. */
export const UPSTREAM_NAME = /^[a-z][a-z0-9-]{0,31}$/

export const UpstreamSettings = Type.Object(
  {
    /** host:port[,host:port] of the survey's brokers. */
    bootstrap: Type.String({ pattern: '^[^\\s,:/]+:\\d{1,5}(,[^\\s,:/]+:\\d{1,5})*$', maxLength: 2000 }),
    user: Type.String({ minLength: 1, maxLength: 255 }),
    password: Type.String({ minLength: 1, maxLength: 1000 }),
    /** What the brokers' certificates are signed by, as PEM; plain text where absent. */
    ca: Type.Optional(Type.String({ maxLength: 1_000_000 })),
    topic: Type.String({ pattern: '^[A-Za-z0-9._-]{1,249}$' }),
    /** Name of a stream of this system, whose alert topic the packets come into. */
    stream: Type.Enum(Object.keys(STREAMS)),
    /** The survey's schema registry, which is only read; without it the hub's own has to know all schemas. */
    registry: Type.Optional(Type.String({ pattern: '^https?://[^\\s/@]+(/\\S*)?$', maxLength: 2000 })),
    /** Where it begins when nothing of it has been taken yet: RFC 3339 for the first record that is not older. */
    from: Type.Union([
      Type.Literal('earliest'),
      Type.Literal('latest'),
      Type.Object({ time: Type.String({ maxLength: 40 }) }, { additionalProperties: false }),
    ]),
    /** `framed`: packets as this system has them. `container`: Avro object container files with their schema in them. */
    format: Type.Enum(['framed', 'container']),
  },
  { additionalProperties: false },
)
export type UpstreamSettings = Static<typeof UpstreamSettings>

/** What a survey's stream usually comes as. */
export const usualFormat = (stream: string): UpstreamSettings['format'] => (stream === 'ztf' ? 'container' : 'framed')

/** Reads a file's text. Throws HubError HUB_UPSTREAM_SETTINGS that names every bad setting, and no value: it may be a secret. */
export const parseUpstream = (text: string): UpstreamSettings => {
  const refuse = (why: string): never => {
    throw new HubError('HUB_UPSTREAM_SETTINGS', `These are no settings of an upstream: ${why}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('the text is no JSON; `skysieve upstream add` writes them')
  }
  if (Value.Check(UpstreamSettings, value)) {
    if (typeof value.from === 'object' && Number.isNaN(Date.parse(value.from.time)))
      return refuse('from is no time; write it as 2026-12-01T03:00:00Z')
    return value
  }
  const reasons = Value.Errors(UpstreamSettings, value).map(({ instancePath, message }) =>
    `${instancePath.slice(1).replaceAll('/', '.')} ${message}`.trim(),
  )
  return refuse([...new Set(reasons)].join('; '))
}

/** How its broker is reached. */
export const upstreamAccess = ({ bootstrap, user, password, ca }: UpstreamSettings): BrokerAccess => ({
  bootstrap,
  user,
  password,
  ...(ca === undefined ? {} : { ca }),
})

/** The stream it feeds. */
export const streamOf = ({ stream }: UpstreamSettings): Stream => {
  const found = STREAMS[stream]
  if (found === undefined)
    throw new HubError(
      'HUB_UPSTREAM_SETTINGS',
      `There is no stream ${stream}; there are ${Object.keys(STREAMS).join(', ')}`,
    )
  return found
}
