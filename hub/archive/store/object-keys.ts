// The keys of the archive's objects: DMTN-183's second layout, as Rubin's own ingester writes it. Pure.
import { longOf } from '../../long-text.ts'
import { DEFAULT_STREAM } from '../../streams.ts'

const PREFIX_DIGITS = 6

/** In front of every key of a stream; streams have their own id spaces. */
const prefixOf = (stream: string): string => (stream === DEFAULT_STREAM ? 'v2' : `${stream}/v2`)

/** Below it are all packets of a stream. */
export const packetsPrefix = (stream: string): string => `${prefixOf(stream)}/alerts/`

/** `v2/alerts/<first 6 digits>/<id>.avro.gz` */
export const packetKey = (stream: string, id: bigint): string => {
  const digits = String(id).replace('-', 'n')
  return `${packetsPrefix(stream)}${digits.slice(0, PREFIX_DIGITS)}/${digits}.avro.gz`
}

/** Below it are the schemas of a stream's packets. */
export const schemasPrefix = (stream: string): string => `${prefixOf(stream)}/schemas/`

/** `v2/schemas/<id>.json` */
export const schemaKey = (stream: string, id: number): string => `${schemasPrefix(stream)}${id}.json`

/** Below it are packets whose id came before with other bytes. */
export const conflictsPrefix = (stream: string): string => `${prefixOf(stream)}/conflicts/`

/** `v2/conflicts/<id>/<SHA-256 of the packet>.avro.gz` */
export const conflictKey = (stream: string, id: bigint, sha256: string): string =>
  `${conflictsPrefix(stream)}${String(id).replace('-', 'n')}/${sha256}.avro.gz`

/** The alert's id in a packet's key; undefined for any other key. */
export const idOfKey = (key: string): bigint | undefined => {
  const digits = /\/alerts\/[n\d]+\/(n?\d+)\.avro\.gz$/.exec(key)?.[1]
  return digits === undefined ? undefined : longOf(digits.replace('n', '-'))
}
