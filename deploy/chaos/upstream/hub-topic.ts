// What a topic of the hub holds, as a reader of committed records finds it: read on from where the last look ended.
import { createHash } from 'node:crypto'
import { type BrokerAccess, openAdmin, openLogReader } from '#hub'

export const sha256 = (bytes: Uint8Array | null): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('base64url')

export interface HubTopic {
  /** Reads what is new. Throws HubError while the broker is away; what was read until then counts. */
  readOn: () => Promise<void>
  /** Hashes of all records so far, by partition. */
  readonly hashes: readonly (readonly string[])[]
  readonly count: number
}

/** `bytesOf` gives the part of a record that is compared; all of it where absent. */
export const openHubTopic = (
  access: BrokerAccess,
  topic: string,
  bytesOf: (value: Buffer) => Uint8Array = value => value,
): HubTopic => {
  const hashes: string[][] = []
  const positions: bigint[] = []

  const readPartition = async (partition: number): Promise<void> => {
    const reader = openLogReader(access, { clientId: 'audit', topic, partition })
    const own = (hashes[partition] ??= [])
    try {
      for (;;) {
        const page = await reader.read(positions[partition] ?? 'earliest', 0)
        own.push(...page.records.map(({ value }) => sha256(value === null ? null : bytesOf(value))))
        positions[partition] = page.next
        if (page.next >= page.end) return
      }
    } finally {
      await reader.close()
    }
  }
  return {
    readOn: async () => {
      const admin = openAdmin(access)
      try {
        for (const partition of (await admin.offsets(topic, 'latest')).keys()) await readPartition(partition)
      } finally {
        await admin.close()
      }
    },
    hashes,
    get count() {
      return hashes.reduce((sum, own) => sum + own.length, 0)
    },
  }
}
