// What a machine says of itself when a node on it joins.
import { availableParallelism, hostname, totalmem } from 'node:os'
import { type JoinRequest } from '#api'
import { languagesThatRun } from '#filters'
import { diskRoom } from '../../setup/free-disk.ts'
import { KAFKA_VERSION } from '../../setup/kafka-jars.ts'
import { softwareVersion } from '../../version.ts'

const MAX_HOSTNAME = 253

/** `dir` is where the node's broker keeps its data, which may be some already; the clock is read last. */
export const machineFacts = async (dir: string, runsPython: boolean): Promise<JoinRequest['facts']> => {
  const { diskBytes, freeBytes } = await diskRoom(dir)
  const limit = process.constrainedMemory()
  return {
    hostname: hostname()
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, MAX_HOSTNAME),
    version: softwareVersion(),
    kafkaVersion: KAFKA_VERSION,
    cores: availableParallelism(),
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    diskBytes,
    diskFreeBytes: freeBytes,
    languages: languagesThatRun(runsPython),
    clockMs: Date.now(),
  }
}
