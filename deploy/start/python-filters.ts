// Python's part of a start, begun when everything else runs, so that its image delays nothing.
import { engineProcess } from './services/docker-engine.ts'
import { type ExamplesOptions, submitExamples } from './seed/example-filters.ts'
import { type MachineLayout } from './layout/machine-layout.ts'
import { type Supervisor } from './supervise/supervisor.ts'

/** Starts the engine and, at the first start of a hub, submits the Python examples. What goes wrong is noted; the rest goes on. */
export const runPython = async (
  machine: MachineLayout,
  supervisor: Supervisor,
  examples: Omit<ExamplesOptions, 'python'> | undefined,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  if (machine.python.engine.kind === 'none') return
  try {
    await supervisor.start(engineProcess(machine), signal)
    note('  Python filters run now.')
    if (examples !== undefined) await submitExamples({ ...examples, python: true }, signal)
  } catch (error) {
    if (signal.aborted) return
    note(`  Python filters do not run: ${error instanceof Error ? error.message : String(error)}`)
  }
}
