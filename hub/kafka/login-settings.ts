// Address, user and TLS of a broker in the words of each of the two client libraries. Of both only types are imported: kafkajs must not be loaded
// before library-patches/kafkajs-direct-reading.ts.
import type { BaseOptions } from '@platformatic/kafka'
import type { KafkaConfig } from 'kafkajs'
import { type BrokerAccess } from './broker-access.ts'

/** For any client of @platformatic/kafka. */
export const platformaticLogin = ({
  bootstrap,
  user,
  password,
  ca,
}: BrokerAccess): Pick<BaseOptions, 'bootstrapBrokers' | 'sasl' | 'tls'> => ({
  bootstrapBrokers: bootstrap.split(','),
  sasl: { mechanism: 'SCRAM-SHA-512', username: user, password },
  ...(ca === undefined ? {} : { tls: { ca } }),
})

/** For kafkajs. */
export const kafkajsLogin = ({
  bootstrap,
  user,
  password,
  ca,
}: BrokerAccess): Pick<KafkaConfig, 'brokers' | 'sasl' | 'ssl'> => ({
  brokers: bootstrap.split(','),
  sasl: { mechanism: 'scram-sha-512', username: user, password },
  ssl: ca === undefined ? false : { ca },
})
