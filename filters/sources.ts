// Sources as records of their own: skysieve.sources, key `<sha256>.<language>`. A manifest names them, and what was found in one is stored beside it, so that
// nobody parses it again. Written by the API only; mirrored to the nodes.
import { createHash } from 'node:crypto'
import { type BrokerAccess, type HubError, openControlLog, openLogReader } from '#hub'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { type SourceCheck } from './check/check-source.ts'
import { Language, type Version } from './manifest.ts'

export const SOURCES_TOPIC = 'skysieve.sources'

const Found = Type.Object({
  message: Type.String(),
  code: Type.String(),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
})

export const SourceRecord = Type.Object({
  language: Language,
  source: Type.String(),
  /** What the sandbox runs, where that is another text: without types. */
  code: Type.Optional(Type.String()),
  description: Type.String(),
  /** What it can reach fields by, and whether by names that do not stand in it. */
  names: Type.Array(Type.String()),
  everything: Type.Boolean(),
  warnings: Type.Array(Found),
})
export type SourceRecord = Static<typeof SourceRecord>

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The key of a version's source. */
export const sourceKey = ({ sha256: hash, language }: Pick<Version, 'sha256' | 'language'>): string =>
  `${hash}.${language}`

/** A source that was found good, as it is kept. */
export function sourceRecord(
  language: Language,
  source: string,
  { code, description, names, readsEverything, warnings }: Extract<SourceCheck, { ok: true }>,
): SourceRecord {
  return {
    language,
    source,
    ...(code === source ? {} : { code }),
    description,
    names: [...names],
    everything: readsEverything,
    warnings: [...warnings],
  }
}

/** What the record takes in its topic, in bytes: what an account's quota counts. */
export const sourceBytes = (record: SourceRecord): number => Buffer.byteLength(JSON.stringify(record))

const record = Compile(SourceRecord)

export interface Sources {
  has(key: string): boolean
  keys(): Iterable<string>
  /** Undefined where there is none, or none has arrived. Rejects with HubError while the broker does not answer. */
  get(key: string): Promise<SourceRecord | undefined>
  /** Resolves when everything that was written before the call is known. */
  catchUp(): Promise<void>
  /** Why what is known may be old; undefined while it is not. */
  problem(): string | undefined
  close(): Promise<void>
}

/** Small sources are kept in memory up to so many bytes in all; the rest is read from the topic when it is asked for. */
const HELD_BYTES = 32 * 1024 * 1024

interface Place {
  readonly offset: bigint
  readonly held?: Buffer
}

/** Follows the sources on a broker. One that cannot be read is reported, and is as if it had not arrived. */
export async function openSources(
  access: BrokerAccess,
  clientId: string,
  onProblem: (problem: HubError) => void,
  heldBytes = HELD_BYTES,
): Promise<Sources> {
  let room = heldBytes
  const log = await openControlLog<Place>({
    access,
    topic: SOURCES_TOPIC,
    clientId,
    parse: (value, _key, offset) => {
      if (value.length > room) return { offset }
      room -= value.length
      // The page that it came in is not kept for it.
      return { offset, held: Buffer.from(value) }
    },
    onChange: ({ previous }) => void (room += previous?.held?.length ?? 0),
    onProblem,
  })
  const reader = openLogReader(access, { clientId: `${clientId}.reader`, topic: SOURCES_TOPIC })
  const valueOf = async (key: string): Promise<Buffer | undefined> => {
    const place = log.get(key)
    if (place === undefined || place.held !== undefined) return place?.held
    const { records } = await reader.read(place.offset, 0)
    return (
      records.find(({ key: other, offset }) => offset === place.offset && other?.toString() === key)?.value ?? undefined
    )
  }
  return {
    has: key => log.get(key) !== undefined,
    keys: () => [...log.entries()].map(([key]) => key),
    async get(key) {
      const value = await valueOf(key)
      const parsed: unknown = value && JSON.parse(value.toString())
      return record.Check(parsed) ? parsed : undefined
    },
    catchUp: () => log.catchUp(),
    problem: () => log.problem(),
    async close() {
      await log.close()
      await reader.close()
    },
  }
}
