// Manifests as the node has them: the mirrored skysieve.filters, replayed to its end before a worker starts.
import { type BrokerAccess, type HubError, openControlLog } from '#hub'
import { Compile } from 'typebox/compile'
import { FILTERS_TOPIC, Manifest } from '../manifest.ts'

const manifest = Compile(Manifest)

/** The manifests as this node has them. */
export interface ManifestSource {
  get(filter: string): Manifest | undefined
  entries(): Iterable<readonly [string, Manifest]>
  /** Calls back with the id of what changed; gives what ends it. */
  onChange(listener: (filter: string) => void): () => void
}

export interface NodeManifests extends ManifestSource {
  /** Why the topic is not followed; undefined while it is. */
  problem(): string | undefined
  close(): Promise<void>
}

/** Follows the manifests on a node. One that cannot be read is reported, and its filter stays as it was. */
export async function openNodeManifests(
  access: BrokerAccess,
  clientId: string,
  onProblem: (problem: HubError) => void,
): Promise<NodeManifests> {
  const log = await openControlLog<Manifest>({
    access,
    topic: FILTERS_TOPIC,
    clientId,
    parse: (value, key) => {
      const parsed: unknown = JSON.parse(value.toString())
      if (manifest.Check(parsed)) return parsed
      const [error] = manifest.Errors(parsed)
      throw new TypeError(`the manifest of ${key} is not valid: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
    },
    onProblem,
  })
  return {
    get: filter => log.get(filter),
    entries: () => log.entries(),
    onChange: listener => log.onChange(({ key }) => listener(key)),
    problem: () => log.problem(),
    close: () => log.close(),
  }
}
