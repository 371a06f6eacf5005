// A node's part of a start: its broker, its join, what is made in its broker, MirrorMaker and workers.
import { prepareNodeAccess } from './access/prepare-node.ts'
import { prepareNodeKafka } from './existing-kafka/prepare-node-kafka.ts'
import { type PlanContext, processStep } from './hub-plan.ts'
import { type Identity } from './join/identity.ts'
import { writeKeystore } from './join/keystore.ts'
import { type NodeLayout } from './layout/node-layout.ts'
import { type Step } from './run-plan.ts'
import { nodeBroker } from './services/broker.ts'
import { mirrorProcess } from './services/mirror-maker.ts'
import { workerNames, workerProcess } from './services/workers.ts'

export interface NodeJoin {
  /** Steps that it waits for; none for a node that has joined before. */
  readonly after: readonly string[]
  readonly run: (signal: AbortSignal) => Promise<Identity>
}

/**
 * `hubSteps` are what MirrorMaker and workers wait for besides the node's own steps: on a machine with the hub, the hub's. A broker of plain text
 * starts at once; one that speaks TLS needs the certificate that the join brings.
 */
export const nodePlan = (
  context: PlanContext,
  node: NodeLayout,
  join: NodeJoin,
  hubSteps: readonly string[],
): readonly Step[] => {
  const { machine, supervisor, note, onLag } = context
  const { name, broker, kafka } = node
  const [joining, access] = [`${name}-join`, `${name}-access`]
  const identity = Promise.withResolvers<Identity>()
  // Whoever waits for it waits for its step too.
  const joined = async () => (await identity.promise).answer
  const after = [...hubSteps, access]
  return [
    {
      name: joining,
      after: join.after,
      run: async signal => {
        const found = await join.run(signal)
        writeKeystore(node.dir, found.answer)
        identity.resolve(found)
      },
    },
    ...(kafka === undefined
      ? [
          processStep(context, nodeBroker(machine, node), ...(speaksTls(broker) ? [joining] : [])),
          {
            name: access,
            after: [`${name}-broker`, joining],
            run: async (signal: AbortSignal) => prepareNodeAccess(node, await joined(), { signal, note }),
          },
        ]
      : [
          {
            name: access,
            after: [joining],
            run: async (signal: AbortSignal) => prepareNodeKafka(node, kafka, await joined(), { signal, note }),
          },
        ]),
    {
      name: `${name}-mirror`,
      after,
      run: async signal => supervisor.start(mirrorProcess(machine, node, await joined(), onLag), signal),
    },
    ...workerNames(node).map((worker, at) => ({
      name: worker,
      after,
      run: async (signal: AbortSignal) => supervisor.start(workerProcess(machine, node, await joined(), at), signal),
    })),
  ]
}

const speaksTls = ({ tls, outside = [] }: NodeLayout['broker']): boolean =>
  tls !== undefined || outside.some(listener => listener.tls !== undefined)

/** Steps of a node that filters need. */
export const nodeIsUp = (node: NodeLayout): readonly string[] => [`${node.name}-mirror`, ...workerNames(node)]
