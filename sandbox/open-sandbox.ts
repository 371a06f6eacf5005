// Both runtimes as one sandbox: programs go to the runtime they name, verdicts come back in the order they were asked for.
import { type Batch } from './columns/batch.ts'
import { type ContainerSandbox, openContainerSandbox } from './container/open-container-sandbox.ts'
import { type ContainerSandboxOptions } from './container/options.ts'
import { SandboxError } from './errors.ts'
import { type IsolateSandbox, openIsolateSandbox } from './isolate/open-isolate-sandbox.ts'
import { type IsolateSandboxOptions } from './isolate/options.ts'
import { type LoadOutcome, type Posture, type Program, type Sandbox, type Verdicts } from './sandbox.ts'

export interface SandboxOptions {
  readonly isolates: IsolateSandboxOptions
  /** Absent: there are no Python filters here. */
  readonly containers?: ContainerSandboxOptions
}

/** What both runtimes offer together. */
export interface WholeSandbox extends Sandbox {
  readonly isolates: IsolateSandbox
  /** The container runtime, once an engine has answered. Throws SANDBOX_ENGINE_UNREACHABLE, or SANDBOX_PROGRAM_INVALID when none was configured. */
  containers(): Promise<ContainerSandbox>
}

/**
 * Opens both. Without a Docker engine everything but Python works: loading a Python program is then refused with SANDBOX_ENGINE_UNREACHABLE, and tried
 * anew with each load, so an engine that comes later is found.
 */
export async function openSandbox({
  isolates: isolateOptions,
  containers: containerOptions,
}: SandboxOptions): Promise<WholeSandbox> {
  const { logger } = isolateOptions
  const isolates = await openIsolateSandbox(isolateOptions)
  const inContainers = new Set<string>()
  let opened: ContainerSandbox | undefined
  let opening: Promise<ContainerSandbox> | undefined
  let lacking = ''
  let closed = false

  const open = async (options: ContainerSandboxOptions): Promise<ContainerSandbox> => {
    try {
      const sandbox = await openContainerSandbox(options)
      lacking = ''
      if (closed) await sandbox.close()
      return (opened = sandbox)
    } catch (error) {
      lacking = error instanceof Error ? error.message : String(error)
      throw error
    } finally {
      opening = undefined
    }
  }
  const containers = (): Promise<ContainerSandbox> => {
    if (opened !== undefined) return Promise.resolve(opened)
    if (containerOptions !== undefined) return (opening ??= open(containerOptions))
    const message =
      'Python filters need a Docker engine, and none is configured here; name its socket in the settings of this process.'
    return Promise.reject(new SandboxError('SANDBOX_PROGRAM_INVALID', message))
  }
  if (containerOptions !== undefined)
    await containers().catch((error: unknown) => logger.warn({ err: error }, 'Python filters cannot run here for now'))

  return {
    isolates,
    containers,
    async load(program: Program): Promise<LoadOutcome> {
      if (program.runtime === 'isolate') {
        if (!inContainers.has(program.id)) return isolates.load(program)
      } else {
        const sandbox = await containers()
        const outcome = await sandbox.load(program)
        if (outcome.ok) inContainers.add(program.id)
        return outcome
      }
      throw new SandboxError(
        'SANDBOX_PROGRAM_INVALID',
        `Filter ${program.id} is loaded; unload it before loading another version.`,
      )
    },
    async unload(filter: string): Promise<void> {
      if (!inContainers.delete(filter)) return isolates.unload(filter)
      await opened?.unload(filter)
    },
    async evaluate(batch: Batch, filters: readonly string[]): Promise<Verdicts[]> {
      const [python, others] = [filters.filter(id => inContainers.has(id)), filters.filter(id => !inContainers.has(id))]
      // The batch's memory may be reused when this settles, so both must be over.
      const settled = await Promise.allSettled([
        others.length > 0 ? isolates.evaluate(batch, others) : [],
        python.length > 0 && opened !== undefined ? opened.evaluate(batch, python) : [],
      ])
      const all = new Map<string, Verdicts>()
      for (const result of settled) {
        if (result.status === 'rejected') throw result.reason
        for (const verdicts of result.value) all.set(verdicts.filter, verdicts)
      }
      for (const { filter, failure } of all.values()) if (failure !== undefined) inContainers.delete(filter)
      return filters.map(filter => all.get(filter) as Verdicts)
    },
    async posture(): Promise<Posture> {
      const [one, other] = await Promise.all([isolates.posture(), opened?.posture()])
      const remarks = lacking === '' ? [] : [lacking]
      return {
        ok: one.ok && (other?.ok ?? true),
        kind: other === undefined ? one.kind : `${one.kind}, ${other.kind}`,
        differences: [...one.differences, ...(other?.differences ?? []), ...remarks],
      }
    },
    async close(): Promise<void> {
      closed = true
      await opening?.catch(() => undefined)
      await Promise.all([isolates.close(), opened?.close()])
    },
  }
}
