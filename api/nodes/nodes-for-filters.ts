// On which nodes new filters may be placed now.
import { type Brokers } from '../brokers/brokers.ts'
import { type ControlState } from '../control/control-state.ts'
import { placedByNode, takesFilters } from './node-changes.ts'

interface NodesAndBrokers {
  readonly controlState: Pick<ControlState, 'node' | 'filters'>
  readonly brokers: Pick<Brokers, 'mirrors'>
}

/** Names of the nodes that take filters, and of those that the API's settings name, which have no record. */
export function nodesForFilters({ controlState, brokers }: NodesAndBrokers): string[] {
  const placed = placedByNode(controlState.filters())
  return brokers.mirrors().filter(name => {
    const record = controlState.node(name)
    return record === undefined || takesFilters(record, placed.get(name) ?? 0)
  })
}
