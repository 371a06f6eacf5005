// Ready-to-paste consumers of a topic, filled in with the user's own names. The password stays in the environment, the brokers' authority in a file.
import { noticesTopic, STREAMS } from '#hub'

/** What the messages of a topic hold, so that an example prints what is there. */
export type Shape =
  /** Packets with our headers. */
  | 'delivery'
  /** Confluent's frame without headers: full streams and notices. */
  | 'framed'
  /** Anything. */
  | 'other'

export interface ConsumerNames {
  readonly topic: string
  readonly shape: Shape
  readonly bootstrap: string
  readonly user: string
  /** The broker's certificate is signed by an authority whose own lies in CA_FILE. */
  readonly tls: boolean
  /** Where packets' schemas are, if the operator says. */
  readonly registryUrl?: string | undefined
  /** Where the topic was before, as long as it can be read there. */
  readonly earlier?: readonly { readonly bootstrap: string; readonly until: string }[]
}

export interface ConsumerTexts {
  readonly python: string
  readonly kcat: string
  readonly kafkajs: string
  /** Settings of Kafka's own Java clients. */
  readonly properties: string
}

const PASSWORD = 'SKYSIEVE_KAFKA_PASSWORD'
/** The file that the texts read the authority's certificate from; who runs them puts it there. */
const CA_FILE = 'skysieve-ca.pem'

const NOTICES: ReadonlySet<string> = new Set(Object.keys(STREAMS).map(noticesTopic))

/** What lies in a topic that a caller may read. */
export const shapeOf = ({ kind, name }: { readonly kind: string; readonly name: string }): Shape =>
  kind === 'filter' ? 'delivery' : kind === 'stream' || NOTICES.has(name) ? 'framed' : 'other'

/** How the files that a text needs get there, and where else the topic is, as comments. */
const notesOf = (mark: string, { topic, tls, bootstrap, earlier = [] }: ConsumerNames): string => {
  const files = tls
    ? `${mark} ${CA_FILE} is the certificate of the brokers' authority: skysieve topic describe ${topic} --ca ${CA_FILE}\n`
    : ''
  const places = earlier.map(
    place =>
      `${mark} The filter has moved: what it delivered before is at ${place.bootstrap} until ${place.until}. Run this there too, with that\n${mark} address in place of ${bootstrap}; no delivery is at both. skysieve topic consume ${topic} reads all of them.\n`,
  )
  return files + places.join('')
}

const PYTHON_PRINTS = {
  delivery: `    headers = {name: value.decode() for name, value in message.headers() or []}
    print(headers.get("skysieve-alert"), headers.get("skysieve-visit"), len(packet), flush=True)
`,
  framed: `    schema_id = int.from_bytes(packet[1:5], "big")
    print(message.partition(), message.offset(), f"schema {schema_id}", len(packet), flush=True)
`,
  other: `    headers = {name: value for name, value in message.headers() or []}
    print(message.partition(), message.offset(), len(packet or b""), headers, flush=True)
`,
} as const

const python = (names: ConsumerNames): string => {
  const { topic, bootstrap, user, tls, registryUrl, shape } = names
  const framed = `0x00, schema id (4 bytes, big-endian), Avro${registryUrl ? `; schemas: ${registryUrl}/schemas/ids/<id>` : ''}`
  return `# pip install confluent-kafka
# ${PASSWORD} holds the password of ${user}
${notesOf('#', names)}import os
from confluent_kafka import Consumer

consumer = Consumer({
    "bootstrap.servers": "${bootstrap}",
    "security.protocol": "${tls ? 'SASL_SSL' : 'SASL_PLAINTEXT'}",
${tls ? `    "ssl.ca.location": "${CA_FILE}",\n` : ''}    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": "${user}",
    "sasl.password": os.environ["${PASSWORD}"],
    "group.id": "${user}",
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",  # without it, aborted deliveries would be seen
    "fetch.queue.backoff.ms": 10,  # alert packets fill librdkafka's queue; its default then waits a second
})
consumer.subscribe(["${topic}"])
while True:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise SystemExit(message.error())
    packet = message.value()${shape === 'other' ? '' : `  # ${framed}`}
${PYTHON_PRINTS[shape]}`
}

/** kcat unpacks the frame: its first byte, which is 0, and the schema's id, written one after the other. */
const KCAT_PRINTS = {
  delivery: `-f '%h %S bytes\\n'`,
  framed: `-s 'value=>bI' -f '%p %o schema %s, %S bytes\\n'`,
  other: `-f '%p %o %h %S bytes\\n'`,
} as const

// Debian 12's librdkafka 2.0.2 answers a SCRAM challenge with its nonce twice, which Kafka refuses since CVE-2024-56128; 2.6.1 does it rightly.
// Settings come by standard input: everybody on a machine sees the arguments of its processes.
const kcat = (names: ConsumerNames): string => {
  const { topic, bootstrap, user, tls, shape } = names
  return `# Debian 12's kcat cannot log in by itself: brokers refuse every password from librdkafka older than 2.6.1 (kcat -V names its own).
# LD_PRELOAD lends it the newer one that \`pip install confluent-kafka\` brings; leave that line out where kcat's own is new enough.
# Without either: the Python or the Node.js program, or skysieve topic consume ${topic}
# ${PASSWORD} holds the password of ${user}
${notesOf('#', names)}LD_PRELOAD="$(python3 -c 'import confluent_kafka as c, glob; print(*glob.glob(c.__path__[0] + ".libs/librdkafka-*"))')" \\
kcat -F /dev/stdin -u ${KCAT_PRINTS[shape]} -G ${user} ${topic} <<END
bootstrap.servers=${bootstrap}
security.protocol=${tls ? `SASL_SSL\nssl.ca.location=${CA_FILE}` : 'SASL_PLAINTEXT'}
sasl.mechanism=SCRAM-SHA-512
sasl.username=${user}
sasl.password=$${PASSWORD}
isolation.level=read_committed
auto.offset.reset=earliest
${shape === 'framed' ? 'fetch.queue.backoff.ms=10\n' : ''}END
`
}

const KAFKAJS_PRINTS = {
  delivery: `    const header = name => message.headers?.[name]?.toString()
    console.log(header('skysieve-alert'), header('skysieve-visit'), message.value?.length)
`,
  framed: `    const packet = message.value // 0x00, schema id (4 bytes, big-endian), Avro
    console.log(partition, message.offset, 'schema', packet.readUInt32BE(1), packet.length)
`,
  other: `    const headers = Object.entries(message.headers ?? {}).map(([name, value]) => \`\${name}=\${value}\`)
    console.log(partition, message.offset, message.value?.length ?? 0, headers.join(' '))
`,
} as const

const kafkajs = (names: ConsumerNames): string => {
  const { topic, bootstrap, user, tls, shape } = names
  return `// npm install kafkajs; in a file whose name ends in .mjs
// ${PASSWORD} holds the password of ${user}
${notesOf('//', names)}${tls ? "import { readFileSync } from 'node:fs'\n" : ''}import { Kafka } from 'kafkajs'

const kafka = new Kafka({
  brokers: ['${bootstrap}'],
${tls ? `  ssl: { ca: [readFileSync('${CA_FILE}', 'utf8')] },\n` : ''}  sasl: { mechanism: 'scram-sha-512', username: '${user}', password: process.env.${PASSWORD} },
})
// readUncommitted: false is isolation.level=read_committed
const consumer = kafka.consumer({ groupId: '${user}', readUncommitted: false })
await consumer.connect()
await consumer.subscribe({ topic: '${topic}', fromBeginning: true })
await consumer.run({
  async eachMessage({ ${shape === 'delivery' ? '' : 'partition, '}message }) {
${KAFKAJS_PRINTS[shape]}  },
})
`
}

const properties = (names: ConsumerNames): string => {
  const { topic, bootstrap, user, tls } = names
  return `# Of Kafka's own clients: kafka-console-consumer.sh --bootstrap-server ${bootstrap} --topic ${topic} --command-config THIS_FILE
# ${PASSWORD} holds the password of ${user}
${notesOf('#', names)}bootstrap.servers=${bootstrap}
security.protocol=${tls ? 'SASL_SSL' : 'SASL_PLAINTEXT'}
${tls ? `ssl.truststore.type=PEM\nssl.truststore.location=${CA_FILE}\n` : ''}sasl.mechanism=SCRAM-SHA-512
config.providers=env
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="\${env:${PASSWORD}}";
group.id=${user}
auto.offset.reset=earliest
isolation.level=read_committed
`
}

/** Programs that read the topic as `user`, whose password is in the environment variable SKYSIEVE_KAFKA_PASSWORD. */
export const consumersOf = (names: ConsumerNames): ConsumerTexts => ({
  python: python(names),
  kcat: kcat(names),
  kafkajs: kafkajs(names),
  properties: properties(names),
})
