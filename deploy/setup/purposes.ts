// What each command needs of the machine before it begins. Everything else of set-up is left out.

/** Programs of the machine, and what is fetched into the cache. */
export type Part =
  /** Java, and the jars of Kafka and MirrorMaker. */
  | 'kafka'
  | 'redis'
  /** bubblewrap, in which JavaScript filters run. */
  | 'isolates'
  /** A Docker engine, in which Python filters run: whoever lacks it goes on without. */
  | 'engine'
  | 'kcat'
  /** The S3 server of the tests. */
  | 's3'
  /** Python with confluent-kafka and fastavro, which read as subscribers do. */
  | 'clients'
  /** Python with schemathesis. */
  | 'fuzz'

const SYSTEM = ['kafka', 'redis', 'isolates', 'engine'] as const

export const PURPOSES = {
  start: SYSTEM,
  /** A node that joins a hub on another machine. */
  node: ['kafka', 'isolates', 'engine'],
  test: [...SYSTEM, 'kcat', 's3', 'clients', 'fuzz'],
  chaos: [...SYSTEM, 'clients'],
  fuzz: ['kafka', 'redis', 'isolates', 'fuzz'],
  hostile: ['isolates'],
} as const satisfies Record<string, readonly Part[]>

/** What a bench needs; a test compares the names with the files. */
export const BENCHES: Readonly<Record<string, readonly Part[]>> = {
  archive: ['kafka', 'redis', 's3'],
  'archive-writing': ['s3'],
  chain: [...SYSTEM, 'clients'],
  cli: [],
  cursor: [],
  engine: ['kafka', 'isolates'],
  facts: [],
  feed: ['kafka'],
  fullstream: ['kafka', 'clients'],
  history: ['kafka', 'isolates'],
  idle: SYSTEM,
  nodes: SYSTEM,
  noise: ['isolates'],
  notices: ['kafka'],
  play: ['kafka'],
  publish: ['kafka'],
  reading: ['kafka', 'redis', 'isolates'],
  registry: ['kafka'],
  sandbox: ['isolates'],
  scale: ['kafka', 'isolates'],
  upstream: ['kafka'],
}
