// Ready-to-paste consumers of a topic, filled in with the user's own names. The password stays in the environment.

export interface ConsumerNames {
  readonly topic: string
  readonly bootstrap: string
  readonly user: string
  /** Where packets' schemas are, if the operator says. */
  readonly registryUrl?: string | undefined
}

const PASSWORD = 'SKYSIEVE_KAFKA_PASSWORD'

const python = ({ topic, bootstrap, user, registryUrl }: ConsumerNames): string => `# pip install confluent-kafka
import os
from confluent_kafka import Consumer

consumer = Consumer({
    "bootstrap.servers": "${bootstrap}",
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "SCRAM-SHA-512",
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
    packet = message.value()  # 0x00, schema id (4 bytes, big-endian), Avro${registryUrl ? `; schemas: ${registryUrl}/schemas/ids/<id>` : ''}
    headers = {name: value.decode() for name, value in message.headers() or []}
    print(headers.get("skysieve-alert"), headers.get("skysieve-visit"), len(packet))
`

const kcat = ({
  topic,
  bootstrap,
  user,
}: ConsumerNames): string => `# kcat -V must say librdkafka 2.6.1 or newer: with older ones (Debian 12) current brokers refuse every password
kcat -b ${bootstrap} \\
  -X security.protocol=SASL_PLAINTEXT -X sasl.mechanism=SCRAM-SHA-512 \\
  -X sasl.username=${user} -X sasl.password="$${PASSWORD}" \\
  -X isolation.level=read_committed -X auto.offset.reset=earliest -X fetch.queue.backoff.ms=10 \\
  -f '%h %S bytes\\n' -G ${user} ${topic}
`

const kafkajs = ({ topic, bootstrap, user }: ConsumerNames): string => `// npm install kafkajs
import { Kafka } from 'kafkajs'

const kafka = new Kafka({
  brokers: ['${bootstrap}'],
  sasl: { mechanism: 'scram-sha-512', username: '${user}', password: process.env.${PASSWORD} },
})
// readUncommitted: false is isolation.level=read_committed
const consumer = kafka.consumer({ groupId: '${user}', readUncommitted: false })
await consumer.connect()
await consumer.subscribe({ topic: '${topic}', fromBeginning: true })
await consumer.run({
  async eachMessage({ message }) {
    const header = name => message.headers?.[name]?.toString()
    console.log(header('skysieve-alert'), header('skysieve-visit'), message.value?.length)
  },
})
`

/** Programs that read the topic as `user`, whose password is in the environment variable SKYSIEVE_KAFKA_PASSWORD. */
export const consumersOf = (names: ConsumerNames): { python: string; kcat: string; kafkajs: string } => ({
  python: python(names),
  kcat: kcat(names),
  kafkajs: kafkajs(names),
})
