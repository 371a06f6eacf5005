// What worker and API are told about the sandbox.
import { type MachineLayout } from '../layout/machine-layout.ts'
import { containerSettings } from './docker-engine.ts'

export const sandboxSettings = (machine: MachineLayout) => ({
  sandbox: machine.host === undefined ? {} : { host: machine.host },
  containers: containerSettings(machine),
})
