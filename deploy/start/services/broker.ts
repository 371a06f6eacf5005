// A broker of a system as a supervised process.
import { awaitBroker, type AwaitOptions, brokerCommand, brokerFault, prepareBroker, type BrokerSettings } from '#hub'
import { awaitNodeBroker } from '../access/own-admin.ts'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { type NodeLayout } from '../layout/node-layout.ts'
import { type ProcessSpec } from '../supervise/supervisor.ts'

const brokerProcess = (
  { archives }: MachineLayout,
  settings: BrokerSettings,
  lists: boolean,
  ready: (options: AwaitOptions) => Promise<void>,
): ProcessSpec => ({
  name: `${settings.name}-broker`,
  command: async () => {
    await prepareBroker(settings)
    return archives.speedUp('broker', brokerCommand(settings), lists)
  },
  ready: (signal, say) => ready({ signal, limitMs: Infinity, onFailure: say }),
  explain: lines => lines.map(line => brokerFault(settings.name, line)).find(fault => fault !== undefined)?.message,
})

export const hubBroker = (machine: MachineLayout, broker: BrokerSettings): ProcessSpec =>
  brokerProcess(machine, broker, true, options => awaitBroker(broker, options))

export const nodeBroker = (machine: MachineLayout, node: NodeLayout): ProcessSpec =>
  brokerProcess(machine, node.broker, node.lists.includes('broker'), options => awaitNodeBroker(node, options))
