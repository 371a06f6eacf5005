// A broker of a system as a supervised process.
import { awaitBroker, brokerCommand, brokerFault, prepareBroker, type BrokerSettings, type Command } from '#hub'
import { type ProcessSpec } from '../supervise/supervisor.ts'

export const brokerProcess = (
  name: string,
  settings: BrokerSettings,
  speedUp: (command: Command) => Command,
): ProcessSpec => ({
  name,
  command: async () => {
    await prepareBroker(settings)
    return speedUp(brokerCommand(settings))
  },
  ready: (signal, say) => awaitBroker(settings, { signal, limitMs: Infinity, onFailure: say }),
  explain: lines => lines.map(line => brokerFault(settings.name, line)).find(fault => fault !== undefined)?.message,
})
