// What is played: the synthetic survey from where it stopped, or a folder of real packets once its schemas are known.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import {
  openSyntheticSource,
  openVisitNumbers,
  type PacketSource,
  type PacketFolder,
  parseSchema,
  readPacketFolder,
  repeatedVisit,
  type RegistryClient,
  rememberSchemas,
  STREAMS,
  syntheticVisits,
  type FolderSchemas,
  folderVisits,
} from '#hub'
import { type SimulatorConfig } from './config.ts'

const SCHEMA_POLL_MS = 2000
/** After this time the packets whose schemas are known are played without the others. */
const SCHEMA_LIMIT_MS = 120_000

export interface SourceContext {
  readonly registry: RegistryClient
  readonly log: Logger
  readonly signal: AbortSignal
  /** Told what it waits for; undefined when it waits no longer. */
  readonly waitFor: (reason: string | undefined) => void
}

const synthetic = async ({ alerts, dataDir, seed, repeat }: SimulatorConfig): Promise<PacketSource> => {
  if (repeat) return repeatedVisit(openSyntheticSource({ seed }), { alertsPerVisit: alerts })
  const numbers = await openVisitNumbers(join(dataDir, 'simulator-visits.json'))
  return syntheticVisits(openSyntheticSource({ seed }), {
    alertsPerVisit: alerts,
    firstVisit: numbers.next,
    onVisit: visitNumber => numbers.take(visitNumber),
  })
}

/** Where clients look for the schema that name subjects after topics. */
export const subjectOf = (schemaJson: string): string => {
  const { topic } = parseSchema(schemaJson).name.startsWith('ztf.') ? STREAMS.ztf : STREAMS.lsst
  return `${topic}-value`
}

/** Containers carry their schemas; each text is registered once under the subject of its stream's topic. */
const schemasBy = (registry: RegistryClient): FolderSchemas => {
  const ids = new Map<string, Promise<number>>()
  return {
    schemaOf: rememberSchemas(id => registry.find(id)),
    idOf: schemaJson => {
      const id = ids.get(schemaJson) ?? registry.register(subjectOf(schemaJson), schemaJson)
      ids.set(schemaJson, id)
      id.catch(() => ids.delete(schemaJson))
      return id
    },
  }
}

const missing = ({ unknownSchemas }: PacketFolder, dir: string, command: string): string =>
  `the registry has no schema ${[...unknownSchemas.keys()].join(', ')}, which packets of ${dir} name. Put the survey's schemas in from their folder: ${command}`

/** Reads the folder again until the registry knows its schemas; without any known packet it waits for as long as it takes. */
const awaitTree = async (
  dir: string,
  schemas: FolderSchemas,
  command: string,
  { log, signal, waitFor }: SourceContext,
): Promise<PacketFolder> => {
  const startMs = performance.now()
  for (let said = false; ; said = true) {
    const tree = await readPacketFolder(dir, schemas)
    const waitedMs = performance.now() - startMs
    if (tree.unknownSchemas.size === 0 || (tree.visits.length > 0 && waitedMs > SCHEMA_LIMIT_MS)) {
      waitFor(undefined)
      return tree
    }
    const reason = missing(tree, dir, command)
    if (!said) log.warn(`waiting: ${reason}`)
    waitFor(reason)
    await sleep(SCHEMA_POLL_MS, undefined, { signal })
  }
}

const real = async (dir: string, command: string, context: SourceContext): Promise<PacketSource> => {
  const { registry, log } = context
  const schemas = schemasBy(registry)
  const tree = await awaitTree(dir, schemas, command, context)
  for (const { file, reason } of tree.bad) log.warn({ file, reason }, 'a file of the folder is not played')
  for (const [id, files] of tree.unknownSchemas)
    log.warn({ schemaId: id, files }, 'packets of an unknown schema are not played')
  const packets = tree.visits.reduce((sum, visit) => sum + visit.packets.length, 0)
  log.info({ dir, visits: tree.visits.length, packets, bad: tree.bad.length }, 'read a folder of packets')
  return folderVisits(tree, schemas)
}

/** Opens what the settings name. */
export const openSource = (config: SimulatorConfig, context: SourceContext): Promise<PacketSource> =>
  config.source === undefined ? synthetic(config) : real(config.source, config.schemaCommand, context)
