// A node's part of a start: its broker, what is made in it, MirrorMaker and workers.
import { prepareNodeAccess } from './access/prepare-node.ts'
import { type PlanContext, processStep } from './hub-plan.ts'
import { type Joined, type NodeLayout } from './layout/node-layout.ts'
import { type Step } from './run-plan.ts'
import { nodeBroker } from './services/broker.ts'
import { mirrorProcess } from './services/mirror-maker.ts'
import { workerNames, workerProcesses } from './services/workers.ts'

/** `hubSteps` are what MirrorMaker and workers wait for besides the node's own broker: on a machine with the hub, the hub's. */
export const nodePlan = (
  context: PlanContext,
  node: NodeLayout,
  joined: Joined,
  hubSteps: readonly string[],
): readonly Step[] => {
  const { machine, note } = context
  const access = `${node.name}-access`
  return [
    processStep(context, nodeBroker(machine, node)),
    { name: access, after: [`${node.name}-broker`], run: signal => prepareNodeAccess(node, joined, { signal, note }) },
    processStep(context, mirrorProcess(machine, node, joined), ...hubSteps, access),
    ...workerProcesses(machine, node, joined).map(worker => processStep(context, worker, ...hubSteps, access)),
  ]
}

/** Steps of a node that filters need. */
export const nodeIsUp = (node: NodeLayout): readonly string[] => [`${node.name}-mirror`, ...workerNames(node)]
