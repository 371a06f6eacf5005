import { describe, expect, test } from 'vitest'
import { brokerFault } from './log-fault.ts'

const codeOf = (line: string): string | undefined => brokerFault('hub', line)?.code

describe('a broker’s log', () => {
  test('tells of a port in use, and which', () => {
    const line =
      'org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9092: Address already in use.'
    expect(brokerFault('node1', line)).toMatchObject({
      code: 'HUB_BROKER_PORT',
      message: expect.stringContaining('Broker node1 cannot listen on 127.0.0.1:9092'),
    })
  })

  test.each([
    'java.io.IOException: No space left on device',
    '[2026-11-21] ERROR Shutdown broker because all log dirs in /data have failed (kafka.log.LogManager)',
  ])('tells of a full disk: %s', line => {
    expect(codeOf(line)).toBe('HUB_BROKER_DISK')
  })

  test('tells of memory that is out', () => {
    expect(codeOf('java.lang.OutOfMemoryError: Java heap space')).toBe('HUB_BROKER_EXITED')
  })

  test('says nothing of all its other lines', () => {
    expect(codeOf('[2026-11-21] INFO Kafka Server started (kafka.server.KafkaRaftServer)')).toBeUndefined()
  })
})
