// Runs with each file of integration tests: topics that it made on the brokers which all files share go with it, so none meets another's, with other
// partitions or settings than its own.
import { type BrokerAccess, openAdmin } from '#hub'
import { afterAll, beforeAll, inject } from 'vitest'

/** Kafka's own. */
const isInternal = (name: string): boolean => name.startsWith('__')

const topicsOf = async (access: BrokerAccess): Promise<ReadonlySet<string>> => {
  const admin = openAdmin(access, 'own-topics')
  try {
    return new Set(await admin.listTopics())
  } finally {
    await admin.close()
  }
}

const deleteAll = async (access: BrokerAccess, names: readonly string[]): Promise<void> => {
  if (names.length === 0) return
  const admin = openAdmin(access, 'own-topics')
  try {
    await admin.deleteTopics(names)
  } finally {
    await admin.close()
  }
}

// Undefined where the run has none.
const shared = inject('kafka') as ReturnType<typeof inject<'kafka'>> | undefined
if (shared !== undefined) {
  const brokers = [shared.hub, shared.node, shared.second]
  let before: readonly ReadonlySet<string>[] = []
  beforeAll(async () => {
    before = await Promise.all(brokers.map(topicsOf))
  })
  // Hooks that come first end last: what the file itself closes is closed by then.
  afterAll(async () => {
    const after = await Promise.all(brokers.map(topicsOf))
    for (const [at, access] of brokers.entries()) {
      const own = [...(after[at] ?? [])].filter(name => !isInternal(name) && before[at]?.has(name) !== true)
      await deleteAll(access, own)
    }
  })
}
