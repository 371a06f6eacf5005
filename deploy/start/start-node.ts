// A node alone on its machine: it joins a hub elsewhere, mirrors, and runs its share of the filters. A later start needs neither API nor hub.
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { nodeWelcome } from './dashboard.ts'
import { readKafkaFile } from './existing-kafka/kafka-file.ts'
import { checkKind } from './existing-kafka/kafka-place.ts'
import { joinKafka } from './existing-kafka/prepare-node-kafka.ts'
import { keepNodeCertificate } from './certificates/kept-certificates.ts'
import { checkedUrl } from './join/authority.ts'
import { type Identity, readIdentity } from './join/identity.ts'
import { type JoinContext } from './join/join-node.ts'
import { joinRemotely, learnAnew, learnFirst } from './join/join-remote.ts'
import { machineFacts } from './join/machine-facts.ts'
import { untilReached } from './join/until-reached.ts'
import { launch, openMachine } from './launcher.ts'
import { addressOf, keystoreFile, nodeDir, type NodeKafka, type NodeLayout, nodeLayout } from './layout/node-layout.ts'
import { openNodeSecrets } from './layout/node-secrets.ts'
import { type StartOptions } from './layout/options.ts'
import { checkLonePorts, LOOPBACK, lonePorts, outsidePort } from './layout/ports.ts'
import { EVERYWHERE, type Reach, reachOf } from './layout/reach.ts'
import { loneTopicBytes, retentionOf } from './layout/topic-bytes.ts'
import { followCopying } from './node-progress.ts'
import { nodePlan } from './node-plan.ts'
import { runPython } from './python-filters.ts'
import { runPlan, type Step } from './run-plan.ts'
import { type Starting } from './start-system.ts'

/** In the data directory. */
const NODE = 'node'

type NodeOptions = StartOptions & { readonly join: string }

/** Runs it until the signal. Throws DeployError when it cannot start; nothing is left running. */
export const startNode = async (options: NodeOptions, { env, screen, startedMs, signal }: Starting): Promise<void> => {
  const apiUrl = checkedUrl(options.join)
  const reach = reachOf(options)
  const dir = nodeDir(options.dataDir, NODE)
  const kafka = options.nodeKafka === undefined ? undefined : readKafkaFile(options.nodeKafka)
  checkPlace(options, apiUrl, reach)
  checkKind(dir, '--node-kafka', kafka !== undefined)
  const before = readIdentity(dir)
  // Those of a cell are of three machines; each has the worker processes that it likes.
  const shards = before === undefined || before.answer.cell !== undefined ? options.shards : before.answer.shards
  await checkLonePorts(options.portBase, shards, reach?.listen)
  const { broker, engineOps } = lonePorts(options.portBase)
  const machine = await openMachine(options, env, engineOps)
  const running = Promise.withResolvers<{ readonly node: NodeLayout; readonly joining: JoinContext }>()
  await launch(
    machine,
    screen,
    signal,
    async ({ supervisor, dashboard }) => {
      const joining: JoinContext = {
        dir,
        apiUrl,
        name: undefined,
        address: kafka === undefined ? ownAddress(reach, broker) : addressOf(kafka),
        ...(kafka === undefined ? {} : { kafka: () => joinKafka(kafka, { signal, note: dashboard.note }) }),
        shards,
        facts: () => machineFacts(dir, machine.python.engine.kind !== 'none'),
        note: text => dashboard.step('join', text),
        signal,
      }
      dashboard.step('join', before === undefined ? `asks ${apiUrl} …` : 'was told who it is before')
      const found = await joinRemotely(joining, options.tokenFile)
      const identity = before === undefined ? found : await learnFirst(found, joining)
      const { answer } = identity
      const title = titleOf(answer)
      dashboard.step('join', `${title} of ${apiUrl}`)
      if (before !== undefined)
        void learnAnew(identity, joining).then(problem => {
          if (problem !== undefined) dashboard.note(`  ${problem}`)
        })
      const node = await loneNode(options, dir, { reach, kafka }, identity)
      const copying = followCopying(node.name, dashboard, screen.isTerminal)
      const context = { machine, supervisor, note: dashboard.note, onLag: copying.onLag }
      const reached: Step = {
        name: `${node.name}-reached`,
        after: [`${node.name}-access`],
        run: () => untilReached(identity, joining),
      }
      const steps = nodePlan(context, node, { after: [], run: async () => identity }, [])
      await runPlan([...steps, reached, copying.step], signal)
      running.resolve({ node, joining })
      dashboard.note(
        nodeWelcome({
          startedInMs: performance.now() - startedMs,
          name: title,
          apiUrl,
          hub: answer.hub.bootstrap,
          broker: kafka?.bootstrap ?? `${node.address.host}:${node.address.port}`,
          dataDir: options.dataDir,
        }),
      )
    },
    async ({ engine, dashboard: { note } }) => {
      const { node, joining } = await running.promise
      await Promise.all([
        runPython(machine, engine, undefined, note, signal),
        keepNodeCertificate(node, joining, { note, signal }),
      ])
    },
  )
}

/** `far`, or `far, machine 2 of 3`. */
const titleOf = ({ name, cell }: Identity['answer']): string =>
  cell === undefined ? name : `${name}, machine ${cell.machine} of ${cell.machines.length}`
const ownAddress = (reach: Reach | undefined, broker: number): JoinContext['address'] =>
  reach === undefined ? { host: LOOPBACK, port: broker } : { host: reach.advertise, port: outsidePort(broker) }

/** Throws DeployError for a directory of another kind, and for an address that nobody could reach. */
const checkPlace = ({ dataDir, nodeKafka }: StartOptions, apiUrl: string, reach: Reach | undefined): void => {
  if (existsSync(join(dataDir, 'secrets.json')))
    throw new DeployError(
      'DEPLOY_DATA_DIR',
      `${dataDir} holds a hub, and a node that joins another needs a directory of its own: choose one with --data-dir.`,
    )
  const isPlain = apiUrl.startsWith('http:')
  if (!isPlain && reach === undefined && nodeKafka === undefined)
    throw new DeployError(
      'DEPLOY_OPTION',
      'A node on another machine needs --listen ADDRESS, by which the hub and subscribers reach its broker.',
    )
  if (isPlain && reach !== undefined)
    throw new DeployError(
      'DEPLOY_OPTION',
      `--listen needs certificates, and the hub at ${apiUrl} is asked in plain text: join by https://, the hub started with --listen too.`,
    )
}

/** Brokers of a cell say to each other where they listen. Throws DeployError DEPLOY_OPTION. */
const checkCellReach = (cell: Identity['answer']['cell'], reach: Reach | undefined): void => {
  if (cell !== undefined && (reach === undefined || EVERYWHERE.has(reach.listen)))
    throw new DeployError(
      'DEPLOY_OPTION',
      'A machine of a cell listens at an address of its own, by which the two others reach it: give it by --listen ADDRESS, and a name for it by --advertise HOST.',
    )
}

/** A node of a hub that speaks TLS does so itself: to other machines where they reach it, and else on loopback. */
const loneNode = async (
  { portBase, shards }: StartOptions,
  dir: string,
  { reach, kafka }: { readonly reach: Reach | undefined; readonly kafka: NodeKafka | undefined },
  { answer }: Identity,
): Promise<NodeLayout> => {
  const { name, shards: ofNode, ca, alertTopics, cell } = answer
  checkCellReach(cell, reach)
  const { blocks, bsize } = await statfs(dir)
  const diskBytes = cell?.diskBytes ?? blocks * bsize
  const tls = ca === undefined ? undefined : { ca, keystore: keystoreFile(dir) }
  const partitions = Math.max(...alertTopics.map(topic => topic.partitions))
  return nodeLayout(
    {
      name,
      dir,
      ports: lonePorts(portBase),
      secrets: { ...openNodeSecrets(dir, undefined), ...cell?.passwords },
      shards: ofNode,
      ...(cell === undefined ? {} : { workers: shards }),
      ...(kafka === undefined ? {} : { kafka }),
      lists: ['broker', 'mirror-maker'],
    },
    {
      retention: retentionOf(loneTopicBytes(diskBytes), partitions),
      tls: reach === undefined ? tls : undefined,
      outside: reach && tls && { reach, tls },
      ...(cell === undefined ? {} : { cell }),
    },
  )
}
