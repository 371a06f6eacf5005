// The end of a visit under `best`: its winners' packets are read again and delivered with the record that says so.
import { type PacketReader } from '#mirrors'
import { closeBest } from '../cap/best.ts'
import { type ClosingRule, isOver, type PartitionClock, streamClock } from '../cap/closing.ts'
import { type Candidate, type Source, type Visit } from '../cap/visit.ts'
import { visitKey } from '../progress/keys.ts'
import { type Ledger } from '../progress/ledger.ts'
import { emptyPiece, type Piece } from '../publish/piece.ts'
import { type Runner } from './runner.ts'

export interface VisitCloserOptions {
  readonly ledger: Ledger
  readonly reader: PacketReader
  readonly rule: ClosingRule
  readonly signal: AbortSignal
}

/** Packets of a visit that are read and delivered together, so that neither memory nor a transaction grows with a cap. */
const AT_ONCE = 32

const keyOf = ({ partition, offset }: { readonly partition: number; readonly offset: bigint }): string =>
  `${partition}-${offset}`

/** Closes visits of one lane, one (filter, visit) after another. */
export class VisitCloser {
  readonly #options: VisitCloserOptions

  constructor(options: VisitCloserOptions) {
    this.#options = options
  }

  /**
   * Pieces of the visits that are over by the clocks of the lane's partitions. Called between two batches, so that nothing else changes the visits;
   * a filter that has left meanwhile (`isIn`) keeps its candidates until it is back.
   */
  async *close(
    runners: readonly Runner[],
    clocks: Iterable<PartitionClock>,
    isIn: (runner: Runner) => boolean,
  ): AsyncGenerator<Piece> {
    const { ledger, rule } = this.#options
    const clockMs = streamClock(clocks)
    for (const runner of runners)
      for (const [visit, state] of ledger.holding(runner.id))
        while (isOver(state, clockMs, rule) && state.held.length > 0 && isIn(runner)) {
          const packets = await this.#read(state)
          if (isIn(runner)) yield this.#deliver(runner, visit, state, packets)
        }
  }

  async #read({ held }: Visit): Promise<Map<string, Buffer>> {
    const { reader, signal } = this.#options
    const { found } = await reader.read(
      held.slice(0, AT_ONCE).map(({ source }) => source),
      signal,
    )
    return new Map(found.map(packet => [keyOf(packet), packet.value]))
  }

  #deliver({ id }: Runner, visit: bigint, state: Visit, packets: ReadonlyMap<string, Buffer>): Piece {
    const { ledger } = this.#options
    const packetOf = (source: Source): Buffer | undefined => packets.get(keyOf(source))
    const before = state.delivered.length
    const nowMs = Date.now()
    const winners = closeBest(state, ({ source }) => packetOf(source) !== undefined, AT_ONCE)
    state.touchedMs = nowMs
    const deliveries = winners.flatMap(({ alert, score, source, version, annotations }: Candidate, index) => {
      const packet = packetOf(source)
      if (packet === undefined) return []
      const position = before + index + 1
      const extras = annotations === undefined ? { score } : { score, annotations }
      return [{ filter: id, version, visit, alert, position, ...extras, source, evaluatedMs: nowMs, packet }]
    })
    const bytes = deliveries.reduce((sum, { packet }) => sum + packet.length, 0)
    const changes = new Map([[visitKey(id, visit), ledger.visitChange(state)]])
    return { ...emptyPiece(), deliveries, changes, bytes, heldBytes: bytes }
  }
}
