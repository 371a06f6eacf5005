// A live run: packets come in at a steady rate, and what counts is the time from a packet's record timestamp to the commit of its verdicts in the
// live lane, as a read_committed reader of the progress topic sees it. Knows nothing of what the engine says about itself.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BrokerAccess, openLogReader, openProducer, PACKET_ENV, type Producer, type Spread, spreadOf } from '#hub'
import { laneKey, PROGRESS_TOPIC } from '../../progress/keys.ts'
import { decodeLane } from '../../progress/records.ts'
import { liveLane } from '../../progress/lane-transitions.ts'
import { WORKER_NODE_FLAGS } from '../../worker/node-js-flags.ts'
import { type BenchWorkerOptions } from '../worker/bench-worker.ts'
import { type LiveQuestion, type Look } from './live-messages.ts'

/** Packets leave in ticks of this length, as the survey's do. */
const TICK_MS = 20
const LOOK_EVERY_MS = 1000
/** A run that is not done by then says how far it came. */
const LIMIT_MS = 60_000

export interface LiveOptions extends BenchWorkerOptions {
  readonly partitions: number
}

/** Times in ms. */
export interface Played extends Spread {
  readonly alerts: number
  /** What the player got into the broker. */
  readonly alertsPerSecond: number
  /** Committed within a minute after the last packet; less than `alerts` when the worker did not keep up. */
  readonly committed: number
  /** From the last packet's timestamp to the last commit. */
  readonly drainMs: number
  readonly deliveries: number
  readonly pythonDeliveries: number
  readonly cores: { readonly worker: number; readonly hosts: number }
  readonly workerRssMb: number
}

export interface LiveRun {
  /** Seconds from the process's start to all isolate filters in the live lane. */
  readonly startSeconds: number
  /** Lets the filters in Python run, or rest. */
  setPython(runs: boolean): Promise<void>
  play(packets: readonly Buffer[], perSecond: number): Promise<Played>
  close(): Promise<void>
}

/** What was sent of one partition, by offset: record timestamps in ms since 1970. */
type Sent = number[][]

/** Follows one shard's live lane: calls back with every position it commits. */
async function watchLane(
  access: BrokerAccess,
  { partition, key, signal }: { readonly partition: number; readonly key: string; readonly signal: AbortSignal },
  onCommit: (positions: ReadonlyMap<number, bigint>, atMs: number) => void,
): Promise<void> {
  const reader = openLogReader(access, { clientId: 'bench.watch', topic: PROGRESS_TOPIC, partition })
  try {
    for (let next = await reader.end(); !signal.aborted;) {
      const page = await reader.read(next, 100)
      const atMs = Date.now()
      next = page.next
      const record = page.records.findLast(one => String(one.key) === key)
      if (record?.value) onCommit(decodeLane(key, record.value.toString()).positions, atMs)
    }
  } finally {
    await reader.close()
  }
}

/** Starts a worker on a topic of its own, which is empty; `seed` has said that its filters stand at the beginning. */
export async function openLiveRun(options: LiveOptions): Promise<LiveRun> {
  const { access, topic, partitions, shards, ...rest } = options
  const begunMs = performance.now()
  const child = fork(join(import.meta.dirname, 'live-worker.ts'), {
    env: { ...process.env, ...PACKET_ENV },
    execArgv: [...WORKER_NODE_FLAGS],
  })
  const died = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The live worker ended with ${code}`)))
  died.catch(() => undefined)
  let turn: Promise<unknown> = Promise.resolve()
  const ask = <T>(question: LiveQuestion): Promise<T> => {
    const answer = turn.then(async () => {
      const reply = once(child, 'message')
      child.send(question)
      return (await Promise.race([reply, died]))[0] as T
    })
    turn = answer.catch(() => undefined)
    return answer
  }
  await ask({ open: { access, topic, shards, ...rest } })
  const startSeconds = Math.round((performance.now() - begunMs) / 100) / 10
  const producer: Producer = await openProducer(access, { clientId: 'bench.player' })
  const sent: Sent = Array.from({ length: partitions }, () => [])
  /** Latencies of the run under way; a packet counts when the last shard has committed it. */
  let latencies: number[] = []
  const done = Array.from({ length: partitions }, () => 0)
  const reached = Array.from({ length: shards }, () => Array.from({ length: partitions }, () => 0))
  const stop = new AbortController()
  const key = laneKey(liveLane(rest.stream))
  const watching = Promise.all(
    reached.map((mine, shard) =>
      watchLane(access, { partition: shard, key, signal: stop.signal }, (positions, atMs) => {
        for (const [partition, position] of positions) mine[partition] = Number(position)
        done.forEach((before, partition) => {
          const now = Math.min(...reached.map(shardReached => shardReached[partition] ?? 0))
          for (let offset = before; offset < now; offset++) latencies.push(atMs - (sent[partition]?.[offset] ?? atMs))
          done[partition] = Math.max(before, now)
        })
      }),
    ),
  )

  const send = async (packets: readonly Buffer[], perSecond: number): Promise<number> => {
    const startMs = performance.now()
    for (let next = 0; next < packets.length;) {
      const due = Math.min(packets.length, Math.ceil(((performance.now() - startMs + TICK_MS) * perSecond) / 1000))
      const timestampMs = Date.now()
      const messages = packets.slice(next, due).map((value, i) => {
        const partition = (next + i) % partitions
        sent[partition]?.push(timestampMs)
        return { topic, partition, value, timestampMs }
      })
      if (messages.length > 0) await producer.send(messages)
      next = Math.max(next, due)
      await sleep(Math.max(0, startMs + (next * 1000) / perSecond - performance.now()))
    }
    return (packets.length * 1000) / (performance.now() - startMs)
  }
  return {
    startSeconds,
    setPython: runs => ask({ python: runs }),
    play: async (packets, perSecond) => {
      latencies = []
      const before = await ask<Look>({ look: true })
      const begun = performance.now()
      let workerRssMb = before.workerRssMb
      const looking = setInterval(() => {
        void ask<Look>({ look: true }).then(look => (workerRssMb = Math.max(workerRssMb, look.workerRssMb)))
      }, LOOK_EVERY_MS)
      const rate = await send(packets, perSecond)
      const sentMs = Date.now()
      const seconds = (performance.now() - begun) / 1000
      while (latencies.length < packets.length && Date.now() - sentMs < LIMIT_MS) await sleep(TICK_MS)
      const drainMs = Date.now() - sentMs
      clearInterval(looking)
      const after = await settled(() => ask<Look>({ look: true }))
      const cores = (from: number, to: number): number => Math.round(((to - from) / seconds) * 100) / 100
      return {
        alerts: packets.length,
        alertsPerSecond: Math.round(rate),
        committed: latencies.length,
        ...spreadOf(latencies),
        drainMs,
        deliveries: after.deliveries - before.deliveries,
        pythonDeliveries: after.pythonDeliveries - before.pythonDeliveries,
        cores: {
          worker: cores(before.workerCpu, after.workerCpu),
          hosts: cores(before.hostsCpu, after.hostsCpu),
        },
        workerRssMb: Math.max(workerRssMb, after.workerRssMb),
      }
    },
    close: async () => {
      stop.abort()
      await watching
      await producer.close()
      const ended = once(child, 'exit')
      died.catch(() => undefined)
      child.disconnect()
      await ended
    },
  }
}

/** Waits until the filters in Python are done too, for as long as a live run may take. */
async function settled(look: () => Promise<Look>): Promise<Look> {
  for (const endMs = Date.now() + LIMIT_MS; ; await sleep(100)) {
    const now = await look()
    if (now.pythonLag === 0 || Date.now() > endMs) return now
  }
}
