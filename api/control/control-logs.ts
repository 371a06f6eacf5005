// The control topics as this instance reads them and, while it leads, writes them. Read it first in this folder.
// In: skysieve.accounts, skysieve.filters, skysieve.sources, skysieve.nodes, and what is reported in skysieve.status and the topics of nodes. Out: the control state, and writes by the leader alone.
import { type FastifyBaseLogger } from 'fastify'
import { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { type BrokerAccess, type ControlLog, type ControlWriter, openControlLog, openControlWriter } from '#hub'
import { FILTERS_TOPIC, Manifest, openSources, sha256, sourceKey, type Sources, SOURCES_TOPIC } from '#filters'
import { ACCOUNTS_TOPIC, accountsKey, AccountsValue } from './account-records.ts'
import { type BelievedReports, openBelievedReports } from './believed-reports.ts'
import { NODES_TOPIC, nodeKey, nodeOfKey, NodeRecord } from './node-records.ts'
import { openNodeReports } from './node-reports.ts'
import { STATUS_TOPIC, StatusValue } from './status-records.ts'
import { type ControlState, openControlState } from './control-state.ts'
import { type Election, joinElection } from './leader-election.ts'
import { openLeadership } from './leadership.ts'
import { type RecordWriter, type ControlWrites } from './control-writes.ts'

export interface ControlLogsOptions {
  readonly hub: BrokerAccess
  readonly adminTokenSha256: string
  /** This instance's address for the others. */
  readonly url: string
  readonly log: FastifyBaseLogger
  /** Called whenever this instance begins to lead, once everything earlier has been read; the signal ends when it leads no more. */
  readonly onLeading: (signal: AbortSignal) => void
}

export interface ControlLogs {
  readonly controlState: ControlState
  readonly reports: Pick<BelievedReports, 'isOwn' | 'leftOver'>
  readonly sources: Sources
  readonly writes: ControlWrites
  /** Why what is read may be old; undefined while it is not. */
  readonly problem: () => string | undefined
  /** Calls `listener` with the name of each node whose record comes, changes or goes from now on. */
  onNode(listener: (name: string) => void): void
  /** Stands for election as leader. */
  standForElection(): Promise<void>
  close(): Promise<void>
}

/** How long a write waits for a leader: a dead one's session has to run out (6 s), then comes the replay. */
const LEAD_WITHIN_MS = 12_000

/** Reads the control topics to their ends; changes nothing before `standForElection`. */
export async function openControlLogs({
  hub,
  adminTokenSha256,
  url,
  log,
  onLeading,
}: ControlLogsOptions): Promise<ControlLogs> {
  const group = hub.user
  const open = <T>(topic: string, parse: (value: Buffer) => T, signal?: AbortSignal): Promise<ControlLog<T>> =>
    openControlLog({
      access: hub,
      topic,
      clientId: `${group}-${topic}`,
      parse,
      onProblem: problem => log.warn({ topic, err: problem }, 'control topic'),
      ...(signal === undefined ? {} : { signal }),
    })
  const statusOf = parserOf(StatusValue)
  const [sources, accounts, filters, status, nodes] = await Promise.all([
    openSources(hub, `${group}-${SOURCES_TOPIC}`, problem =>
      log.warn({ topic: SOURCES_TOPIC, err: problem }, 'control topic'),
    ),
    open(ACCOUNTS_TOPIC, parserOf(AccountsValue)),
    open(FILTERS_TOPIC, parserOf(Manifest)),
    open(STATUS_TOPIC, statusOf),
    open(NODES_TOPIC, parserOf(NodeRecord)),
  ])
  const own = openNodeReports({
    hub,
    open: (topic, signal) => open(topic, statusOf, signal),
    record: name => nodes.get(nodeKey(name)),
    onTrouble: (node, error) => log.warn({ node, err: error }, 'the topic of its reports cannot be read; trying again'),
  })
  nodes.onChange(({ key }) => own.refresh(nodeOfKey(key)))
  for (const [, { name }] of nodes.entries()) own.refresh(name)
  await own.settled()
  const reports = openBelievedReports(status, own, filters)
  const leadership = openLeadership({
    openWriter: async () => {
      const writer = await openControlWriter({
        access: hub,
        transactionalId: `${group}.writer`,
        clientId: `${group}-writer`,
      })
      await Promise.all([accounts.catchUp(), filters.catchUp(), sources.catchUp(), nodes.catchUp()])
      return writer
    },
    onAcquired: onLeading,
    onTrouble: error => log.warn({ err: error }, 'leading the API'),
    waitMs: LEAD_WITHIN_MS,
  })
  let election: Election | undefined
  return {
    sources,
    controlState: openControlState({ accounts, filters, nodes, status: reports }, adminTokenSha256),
    reports,
    writes: {
      get isLeader() {
        return leadership.isHeld
      },
      leaderUrl: async () => election?.leaderUrl(),
      change: work =>
        leadership.run(fenced => work(recordWriterOf(fenced, { accounts, filters, sources, nodes, status }))),
    },
    problem: () => accounts.problem() ?? filters.problem() ?? sources.problem() ?? nodes.problem() ?? status.problem(),
    onNode: listener => void nodes.onChange(({ key }) => listener(nodeOfKey(key))),
    async standForElection() {
      election = await joinElection(
        { access: hub, clientId: `${group}-election`, groupId: `${group}.leader`, url },
        {
          onElected: () => leadership.acquire(),
          onDeposed: () => leadership.resign(),
          onTrouble: reason => log.warn({ reason }, 'election'),
        },
      )
    },
    async close() {
      await leadership.close()
      await election?.close()
      await Promise.all([accounts, filters, sources, nodes, status, own].map(log => log.close()))
    },
  }
}

/** What a record's bytes say, by its schema. */
function parserOf<S extends TSchema>(schema: S): (value: Buffer) => Static<S> {
  // 10 us for a filter's status; 660 where the schema is walked for each.
  const compiled = Compile(schema)
  return value => compiled.Parse(JSON.parse(value.toString()))
}

/** The logs that the writer's records go into. */
interface Written {
  readonly accounts: ControlLog<AccountsValue>
  readonly filters: ControlLog<Manifest>
  readonly sources: Sources
  readonly nodes: ControlLog<NodeRecord>
  readonly status: ControlLog<StatusValue>
}

function recordWriterOf(writer: ControlWriter, { accounts, filters, sources, nodes, status }: Written): RecordWriter {
  const put = async (
    log: Pick<ControlLog<unknown>, 'topic' | 'catchUp'>,
    key: string,
    value: Manifest | AccountsValue | NodeRecord | null,
  ): Promise<void> => {
    await writer.write([{ topic: log.topic, key, value }])
    await log.catchUp()
  }
  return {
    async manifest(manifest, source) {
      const key = source && sourceKey({ language: source.language, sha256: sha256(source.source) })
      if (source === undefined || key === undefined || sources.has(key)) return put(filters, manifest.id, manifest)
      await writer.write([
        { topic: SOURCES_TOPIC, key, value: source },
        { topic: filters.topic, key: manifest.id, value: manifest },
      ])
      await Promise.all([sources.catchUp(), filters.catchUp()])
    },
    async forgetSources(keys) {
      await writer.write(keys.map(key => ({ topic: SOURCES_TOPIC, key, value: null })))
      await sources.catchUp()
    },
    forgetManifest: id => put(filters, id, null),
    record: record => put(accounts, accountsKey(record), record),
    forgetRecord: record => put(accounts, accountsKey(record), null),
    node: record => put(nodes, nodeKey(record.name), record),
    forgetNode: name => put(nodes, nodeKey(name), null),
    async forgetReports(keys) {
      if (keys.length === 0) return
      await writer.write(keys.map(key => ({ topic: status.topic, key, value: null })))
      await status.catchUp()
    },
  }
}
