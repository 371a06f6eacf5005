// How the packets of an upstream become those of the hub's topic, by its settings: copied behind their schemas, or framed.
import { openAdmin } from '../kafka/admin/open-admin.ts'
import { type BrokerAccess } from '../kafka/broker-access.ts'
import { HUB_DEAD_LETTERS } from '../archive/ingest/archiver-incarnation.ts'
import { type HubError } from '../errors.ts'
import { type Message } from '../kafka/produce/messages.ts'
import { type RegistryClient } from '../registry/client/registry-client.ts'
import {
  type Convert,
  copyPackets,
  deadLetter,
  framePackets,
  schemaIdsOf,
  type UpstreamPacket,
} from './convert-packets.ts'
import { openEmbeddedSchemas } from './embedded-schemas.ts'
import { openSurveyRegistry } from './survey-registry.ts'
import { openTakeOver } from './take-over-schemas.ts'
import { streamOf, type UpstreamSettings } from './upstream-settings.ts'

export interface Converter {
  /** Resolves when these packets may go on: the hub's registry has what they name. */
  readonly prepare: (packets: readonly UpstreamPacket[]) => Promise<void>
  readonly convert: Convert
  readonly letterOf: (packet: UpstreamPacket, error: HubError) => Message
}

export interface ConverterOptions {
  readonly name: string
  readonly settings: UpstreamSettings
  readonly hub: BrokerAccess
  /** The hub's, for writing. */
  readonly registry: RegistryClient
  /** How long packets wait for schemas that nobody has. */
  readonly schemaWaitMs: number
  readonly onProblem: (problem: string | undefined) => void
  /** A schema was put into the hub's registry, or came in a packet. */
  readonly onTaken: (id: number) => void
}

const partitionsOf = async (hub: BrokerAccess, topic: string): Promise<number> => {
  const admin = openAdmin(hub, `${hub.user}.partitions`)
  try {
    return (await admin.offsets(topic, 'latest')).size
  } finally {
    await admin.close()
  }
}

/** For as long as an incarnation lives. Throws HubError where the hub has no such topic. */
export const openConverter = async (options: ConverterOptions, signal: AbortSignal): Promise<Converter> => {
  const { name, settings, hub, registry, schemaWaitMs, onProblem, onTaken } = options
  const { topic } = streamOf(settings)
  const subject = `${topic}-value`
  const to = { topic, partitions: await partitionsOf(hub, topic), source: settings.topic, now: Date.now }
  const letterOf: Converter['letterOf'] = (packet, error) =>
    deadLetter(HUB_DEAD_LETTERS, name, settings.topic, packet, error)
  if (settings.format === 'container') {
    const schemas = openEmbeddedSchemas({ registry, subject, onProblem, onTaken, signal })
    return { prepare: async () => undefined, convert: framePackets(to, schemas), letterOf }
  }
  const survey = settings.registry === undefined ? undefined : openSurveyRegistry(settings.registry, signal)
  const takeOver = openTakeOver({ survey, registry, subject, waitMs: schemaWaitMs, onProblem, onTaken, signal })
  return { prepare: packets => takeOver(schemaIdsOf(packets)), convert: copyPackets(to), letterOf }
}
