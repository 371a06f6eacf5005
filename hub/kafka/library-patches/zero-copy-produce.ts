// Produce requests whose packets go from where they lie into the socket. @platformatic/kafka 2.12.1 joins a request into one buffer first: at 8 MB a
// request half of a producer's CPU is that copy and the garbage it makes. This file reaches into the library; with any other version nothing is changed.
import { randomBytes } from 'node:crypto'
import { type Socket } from 'node:net'
import {
  type API,
  clientSoftwareVersion,
  type Connection,
  type CreateRecordsBatchOptions,
  type MessageRecord,
  produceV11,
  Writer,
} from '@platformatic/kafka'
import { encodeProduce } from './produce-request.ts'

const VERSION = '2.12.1'
const PRODUCE = 0
const PRODUCE_VERSION = 11
const TICKET_BYTES = 16
/** In front of a request: the number of bytes behind it. */
const SIZE_BYTES = 4

type Arguments = [number | undefined, number | undefined, MessageRecord[], Partial<CreateRecordsBatchOptions>?]
type Answer = ReturnType<typeof produceV11.parseResponse>

/** Of each socket: parts of requests that are about to be written, by the ticket that stands for them in what the library writes. */
const waiting = new WeakMap<Socket, Map<string, readonly Buffer[]>>()

function ticketsOf(socket: Socket): Map<string, readonly Buffer[]> {
  const known = waiting.get(socket)
  if (known !== undefined) return known
  const tickets = new Map<string, readonly Buffer[]>()
  waiting.set(socket, tickets)
  const write = socket.write.bind(socket)
  socket.write = (chunk: unknown, ...rest: []): boolean => {
    const parts =
      tickets.size > 0 && Buffer.isBuffer(chunk)
        ? tickets.get(chunk.toString('latin1', chunk.length - TICKET_BYTES))
        : undefined
    if (parts === undefined || !Buffer.isBuffer(chunk)) return write(chunk as Buffer, ...rest)
    const head = chunk.subarray(0, -TICKET_BYTES)
    head.writeInt32BE(parts.reduce((sum, part) => sum + part.length, head.length - SIZE_BYTES))
    socket.cork()
    let hasRoom = write(head)
    for (const part of parts) hasRoom = write(part)
    socket.uncork()
    return hasRoom
  }
  return tickets
}

function produce(
  connection: Connection,
  ...args: [...Arguments, ((error: Error | null, answer?: Answer) => void)?]
): void {
  const [acks = 1, timeoutMs = 0, messages, options = {}, callback = (): void => undefined] = args
  const { transactionalId, producerId = -1n, producerEpoch = -1, sequences } = options
  const tickets = ticketsOf(connection.socket)
  const ticket = randomBytes(TICKET_BYTES)
  const name = ticket.toString('latin1')
  const encode = (): Writer => {
    const sequenceOf = (topic: string, partition: number): number =>
      sequences?.getWithDefault(`${topic}:${partition}`, 0) ?? -1
    const { parts } = encodeProduce(messages, {
      acks,
      timeoutMs,
      transactionalId,
      producerId,
      producerEpoch,
      sequenceOf,
      nowMs: Date.now(),
    })
    tickets.set(name, parts)
    return Writer.create().append(ticket)
  }
  connection.send(PRODUCE, PRODUCE_VERSION, encode, produceV11.parseResponse, true, true, (error, answer) => {
    tickets.delete(name)
    callback(error, answer)
  })
}

/** The library's call for writing; undefined where the library is not the version this was written for. */
export const zeroCopyProduce: API<Arguments, Answer> | undefined =
  clientSoftwareVersion === VERSION
    ? Object.assign(produce, {
        key: PRODUCE,
        version: PRODUCE_VERSION,
        async: (connection: Connection, ...args: Arguments): Promise<Answer> =>
          new Promise((resolve, reject) => {
            produce(connection, ...args, (error, answer) => {
              if (answer === undefined) reject(error ?? new TypeError('a broker answers a produce request'))
              else resolve(answer)
            })
          }),
      })
    : undefined
