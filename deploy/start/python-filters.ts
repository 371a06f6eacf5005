// Python's part of a start, begun when everything else runs, so that its image delays nothing.
import { type Dashboard } from './dashboard.ts'
import { engineProcess } from './services/docker-engine.ts'
import { submitExamples } from './seed/example-filters.ts'
import { type Layout } from './layout/layout.ts'
import { type Supervisor } from './supervise/supervisor.ts'
import { examplesOptions } from './system-plan.ts'

/** Starts the engine and, at the first start, submits the Python examples. What goes wrong is noted; the rest of the system goes on. */
export const runPython = async (
  { machine, hub }: Layout,
  supervisor: Supervisor,
  { note }: Dashboard,
  signal: AbortSignal,
): Promise<void> => {
  if (machine.python.engine.kind === 'none') return
  try {
    await supervisor.start(engineProcess(machine), signal)
    note('  Python filters run now.')
    await submitExamples({ ...examplesOptions(hub, note), python: true }, signal)
  } catch (error) {
    if (signal.aborted) return
    note(`  Python filters do not run: ${error instanceof Error ? error.message : String(error)}`)
  }
}
