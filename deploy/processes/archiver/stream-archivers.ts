// The archiver's parts put together: what it waits for, then one archiver for each stream, fed by the mirrors' feed.
import { type Logger } from 'pino'
import { type Registry } from 'prom-client'
import {
  archiveMetrics,
  type Archiver,
  awaitSchemas,
  type SchemaOf,
  indexFile,
  openRegistryClient,
  openSchemaStore,
  openSkyIndex,
  openStore,
  startArchiver,
  STREAMS,
  type Stream,
} from '#hub'
import { openFeed } from '#mirrors'
import { type Check } from '../ops-server.ts'
import { openRetries } from '../retries.ts'
import { type ArchiverConfig } from './config.ts'
import { keepNoticeSchema } from './notice-schema.ts'

const GB = 1e9
/** Packets that wait for their group or its commit: three groups. */
const MAX_HELD_BYTES = 96 * 1024 * 1024

export interface Archivers {
  readonly checks: () => readonly Check[]
  /** Resolves after the signal, when everything is closed; rejects when another archiver has taken over. */
  readonly done: Promise<void>
}

/** Starts archiving all streams of the settings; answers at once. */
export const startArchivers = (
  config: ArchiverConfig,
  log: Logger,
  registry: Registry,
  signal: AbortSignal,
): Archivers => {
  const { hub, archive } = config
  const retries = openRetries(['schemas', 'registry', 'archive'], log, signal)
  const metrics = archiveMetrics(registry)
  const streams = Object.values(STREAMS).filter(({ name }) => config.streams?.includes(name) ?? true)
  const archivers = new Map<string, Archiver>()

  const archiveOne = async (stream: Stream, store: Awaited<ReturnType<typeof openStore>>, schemaOf: SchemaOf) => {
    const { name, topic } = stream
    const client = openRegistryClient(config.registryUrl, signal)
    const noticeSchemaId = await retries.persist('registry', () =>
      keepNoticeSchema({ client, stream: name, log, signal }),
    )
    const index = await retries.persist('archive', async () => openSkyIndex(indexFile(archive, name)))
    try {
      const archiver = startArchiver({
        access: hub,
        stream,
        store,
        index,
        schemaOf,
        openFeed: (from, ending) =>
          openFeed({
            access: hub,
            clientId: `${hub.user}.${name}`,
            topic,
            from,
            signal: ending,
            maxBytes: MAX_HELD_BYTES,
          }),
        noticeSchemaId,
        metrics,
        log,
        level: config.gzipLevel,
        ...(config.maxGb === undefined ? {} : { maxBytes: config.maxGb * GB }),
      })
      archivers.set(name, archiver)
      signal.addEventListener('abort', () => void archiver.close(), { once: true })
      await archiver.ended
    } finally {
      index.close()
    }
  }

  const run = async (): Promise<void> => {
    const schemas = await retries.persist('schemas', () =>
      openSchemaStore({
        access: hub,
        clientId: `${hub.user}.schemas`,
        onProblem: problem => log.warn({ err: problem }, 'schemas'),
        signal,
      }),
    )
    try {
      const store = await retries.persist('archive', () => openStore(archive))
      try {
        const schemaOf = (): SchemaOf => awaitSchemas({ schemas, waitMs: config.schemaWaitMs, signal })
        await Promise.all(streams.map(stream => archiveOne(stream, store, schemaOf())))
      } finally {
        await store.close()
      }
    } finally {
      await schemas.close()
    }
  }

  const checkOf = (name: string): readonly Check[] => {
    const archiver = archivers.get(name)
    const reason = archiver === undefined ? 'not begun yet' : archiver.problem()
    const conflicts = archiver?.conflicts() ?? 0
    return [
      reason === undefined ? { name: `archive ${name}`, ok: true } : { name: `archive ${name}`, ok: false, reason },
      // No reason to end a system, but one to look.
      ...(conflicts === 0
        ? []
        : [
            {
              name: `conflicts ${name}`,
              ok: true,
              reason: `${conflicts} packets with known ids and other bytes are set aside`,
            },
          ]),
    ]
  }

  return {
    checks: () => [...retries.checks(), ...streams.flatMap(({ name }) => checkOf(name))],
    done: run().catch((error: unknown) => {
      if (!signal.aborted) throw error
    }),
  }
}
