// The order of a start: steps that wait for others and otherwise run side by side.

export interface Step {
  readonly name: string
  /** Names of steps that must be done before. */
  readonly after: readonly string[]
  readonly run: (signal: AbortSignal) => Promise<void>
}

/**
 * Runs every step as soon as those it waits for are done. The first failure aborts the others' signal and is thrown when all
 * have ended; steps not yet begun are left out. Throws a RangeError for a step that waits for an unknown one or for itself.
 */
export const runPlan = async (steps: readonly Step[], signal: AbortSignal): Promise<void> => {
  checkPlan(steps)
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const done = new Map<string, Promise<void>>()
  const begin = async ({ after, run }: Step): Promise<void> => {
    for (const name of after) await done.get(name)
    either.throwIfAborted()
    await run(either)
  }
  let first: { error: unknown } | undefined
  for (const step of inOrder(steps)) {
    const running = begin(step)
    done.set(step.name, running)
    running.catch((error: unknown) => {
      first ??= { error }
      failed.abort(error)
    })
  }
  await Promise.allSettled(done.values())
  if (first !== undefined) throw first.error
}

const checkPlan = (steps: readonly Step[]): void => {
  const names = new Set(steps.map(({ name }) => name))
  for (const { name, after } of steps)
    for (const other of after)
      if (!names.has(other)) throw new RangeError(`step ${name} waits for ${other}, which is no step of the plan`)
  if (inOrder(steps).length < steps.length) throw new RangeError('steps of the plan wait for each other in a circle')
}

/** Each step after all it waits for; steps in a circle are left out. */
export const inOrder = (steps: readonly Step[]): readonly Step[] => {
  const ordered: Step[] = []
  const placed = new Set<string>()
  for (;;) {
    const next = steps.filter(({ name, after }) => !placed.has(name) && after.every(other => placed.has(other)))
    if (next.length === 0) return ordered
    for (const step of next) placed.add(step.name)
    ordered.push(...next)
  }
}
