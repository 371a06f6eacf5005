// Address, user, TLS and timeouts of a broker in the words of each of the two client libraries.
import type { BaseOptions } from '@platformatic/kafka'
import type { KafkaConfig } from 'kafkajs'
import { type BrokerAccess, timeoutsOf } from './broker-access.ts'

/** For any client of @platformatic/kafka. */
export const platformaticLogin = (
  access: BrokerAccess,
): Pick<BaseOptions, 'bootstrapBrokers' | 'sasl' | 'tls' | 'connectTimeout' | 'requestTimeout'> => {
  const { bootstrap, user, password, ca } = access
  const { connectMs, requestMs } = timeoutsOf(access)
  return {
    bootstrapBrokers: bootstrap.split(','),
    sasl: { mechanism: 'SCRAM-SHA-512', username: user, password },
    ...(ca === undefined ? {} : { tls: { ca } }),
    connectTimeout: connectMs,
    requestTimeout: requestMs,
  }
}

/** For kafkajs. */
export const kafkajsLogin = (
  access: BrokerAccess,
): Pick<KafkaConfig, 'brokers' | 'sasl' | 'ssl' | 'connectionTimeout' | 'requestTimeout'> => {
  const { bootstrap, user, password, ca } = access
  const { connectMs, requestMs } = timeoutsOf(access)
  return {
    brokers: bootstrap.split(','),
    sasl: { mechanism: 'scram-sha-512', username: user, password },
    ssl: ca === undefined ? false : { ca },
    connectionTimeout: connectMs,
    requestTimeout: requestMs,
  }
}
