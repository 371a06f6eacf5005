// `skysieve schema sync`: puts a survey's folder of schemas into a registry as Rubin's own tool does: each version under its own id (major * 100 + minor) in the
// subject `alert-packet`, in a subject of its own, and in that of its topic. Safe to repeat.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { assembleSchema } from '../../avro/schema/assemble-schema.ts'
import { HubError } from '../../errors.ts'
import { type AvroNode } from '../../avro/schema/node.ts'
import { parseNode } from '../../avro/schema/parse-node.ts'
import { canonicalText, parseSchema } from '../../avro/schema/parse-schema.ts'
import { openRegistryClient, type RegistryClient } from './registry-client.ts'
import { incompatibilities } from '../rules/compatibility-levels.ts'

export interface SyncedSchema {
  readonly id: number
  /** As major.minor. */
  readonly version: string
  readonly subject: string
  /** Whether it was there under its id and its subject before. */
  readonly wasThere: boolean
  /** Why readers with an earlier minor version of the same major could not read it; a survey's major versions break with those before. */
  readonly breaks: readonly string[]
}

export interface SyncOptions {
  /** Changes nothing: tells what would be put in. */
  readonly dryRun?: boolean
  /** Told of each version when it is in the registry. */
  readonly onProgress?: (synced: SyncedSchema, done: number, total: number) => void
  readonly signal?: AbortSignal
}

const NUMBER = /^\d{1,5}$/
const IDS_PER_MAJOR = 100

/** Where clients look that name subjects after topics: a topic has the packets of a major version. */
const topicSubject = (major: number): string => `lsst-alerts-v${major}-value`

const numbersIn = async (dir: string): Promise<number[]> =>
  (await readdir(dir, { withFileTypes: true }))
    .filter(entry => entry.isDirectory() && NUMBER.test(entry.name))
    .map(entry => Number(entry.name))
    .toSorted((a, b) => a - b)

const versionsIn = async (dir: string): Promise<{ major: number; minor: number; folder: string }[]> => {
  const versions = []
  for (const major of await numbersIn(dir))
    for (const minor of await numbersIn(join(dir, String(major)))) {
      const folder = join(dir, String(major), String(minor))
      if (minor < IDS_PER_MAJOR) versions.push({ major, minor, folder })
    }
  return versions
}

/**
 * `dir` has a folder `<major>/<minor>` of .avsc files for each version, as in lsst/alert_packet.
 * Throws HubError HUB_SCHEMA_INVALID for a folder without schemas, HUB_REGISTRY_REFUSED or HUB_REGISTRY_UNREACHABLE.
 */
export const syncSchemas = async (
  dir: string,
  registryUrl: string,
  { onProgress, signal, dryRun = false }: SyncOptions = {},
): Promise<SyncedSchema[]> => {
  const versions = await versionsIn(dir).catch((cause: unknown) => {
    throw new HubError('HUB_SCHEMA_INVALID', `The folder ${dir} cannot be read`, { cause })
  })
  if (versions.length === 0)
    throw new HubError(
      'HUB_SCHEMA_INVALID',
      `${dir} has no schemas: give a folder with one folder for each major version, such as lsst/11/0/*.avsc`,
    )
  const registry = openRegistryClient(registryUrl, signal)
  const synced: SyncedSchema[] = []
  const earlier: { readonly major: number; readonly version: number; readonly type: AvroNode }[] = []
  for (const { major, minor, folder } of versions) {
    const id = major * IDS_PER_MAJOR + minor
    const version = `${major}.${minor}`
    const subject = `lsst-alerts-v${version}-value`
    const schemaJson = await assembleSchema(folder)
    const type = parseNode(schemaJson)
    const before = earlier.filter(one => one.major === major)
    const breaks = incompatibilities('FORWARD_TRANSITIVE', type, before)
    earlier.push({ major, version: id, type })
    const wasThere =
      (await isSame(registry, id, schemaJson)) && (await registry.lookUp(subject, schemaJson)) !== undefined
    if (!dryRun) {
      await registry.importSchema({ id, schemaJson })
      await registry.register(subject, schemaJson, id)
      await registry.register(topicSubject(major), schemaJson, id)
    }
    const done = { id, version, subject, wasThere, breaks }
    synced.push(done)
    onProgress?.(done, synced.length, versions.length)
  }
  return synced
}

/** Whether the registry has the schema under its id. Throws HubError HUB_REGISTRY_REFUSED where another schema has that id. */
const isSame = async (registry: RegistryClient, id: number, schemaJson: string): Promise<boolean> => {
  const known = await registry.find(id)
  if (known === undefined) return false
  if (canonicalText(parseSchema(known)) === canonicalText(parseSchema(schemaJson))) return true
  throw new HubError(
    'HUB_REGISTRY_REFUSED',
    `Schema ${id} of the registry is another one; ids never change their schema`,
  )
}
